// Drivers of Go against Forebay, their answers compared with PostgreSQL's.
//
// Arguments: DSN of the server under test, DSN of PostgreSQL. Prints one line per failed case and, last, the line that
// tests/run counts by.
package main

import (
	"fmt"
	"os"
	"strings"
)

var (
	server, oracle string
	known          = map[string]bool{}
	passed, failed int
)

// What a program sees of a server, as text; an error is told as one.
type outcome func(dsn string) string

// Cases that tests/data/known.txt lists as `suite | case | reason` may differ, and must.
func check(name string, body outcome) {
	got, want := body(server), body(oracle)
	switch expected := known["go | "+name]; {
	case got == want && expected:
		failed++
		fmt.Printf("FAILED %s: agrees now, remove it from tests/data/known.txt\n", name)
	case got == want:
		passed++
	case expected:
		fmt.Printf("known difference: %s\n", name)
	default:
		failed++
		fmt.Printf("FAILED %s: %.600s, PostgreSQL has %.600s\n", name, got, want)
	}
}

func main() {
	server, oracle = os.Args[1], os.Args[2]
	text, err := os.ReadFile("tests/data/known.txt")
	if err != nil {
		panic(err)
	}
	for _, line := range strings.Split(string(text), "\n") {
		if at := strings.LastIndex(line, " | "); 0 < at {
			known[line[:at]] = true
		}
	}
	pgxCases()
	poolCases()
	stdlibCases()
	pqCases()
	fmt.Printf("%d passed, %d failed, 0 skipped\n", passed, failed)
	if 0 < failed {
		os.Exit(1)
	}
}
