// What the suites share: cases that are counted, and answers of the two servers side by side.
const fs = require('node:fs')
const { isDeepStrictEqual, inspect } = require('node:util')
const { Client } = require('pg')

const [server, oracle] = process.argv.slice(2)
const count = { passed: 0, failed: 0 }

// Cases known to differ, as `suite | case | reason`; the list may only shrink.
const known = new Set(
  fs.readFileSync('tests/data/known.txt', 'utf8').split('\n').map((line) => line.slice(0, Math.max(0, line.lastIndexOf(' | ')))),
)

async function check(name, body) {
  const expected = known.has(`node | ${name}`)
  try {
    await body()
  } catch (failure) {
    if (expected) {
      console.log(`known difference: ${name}`)
      return
    }
    count.failed++
    console.log(`FAILED ${name}: ${failure.message}`)
    return
  }
  if (expected) {
    count.failed++
    console.log(`FAILED ${name}: passes now, remove it from tests/data/known.txt`)
    return
  }
  count.passed++
}

function assert(holds, what) {
  if (!holds) throw new Error(what)
}

async function connected(target, body) {
  const client = new Client({ connectionString: target })
  await client.connect()
  try {
    return await body(client)
  } finally {
    await client.end()
  }
}

const both = (body) => Promise.all([connected(server, body), connected(oracle, body)])

// Numbers arrive as text (numeric, int8) or as numbers; both compare as numbers, within 1e-9.
function sameValue(left, right) {
  if (typeof left !== typeof right) return false
  const numeric = /^-?\d+(\.\d+)?$/
  if (typeof left === 'number' || (typeof left === 'string' && numeric.test(left) && numeric.test(right))) {
    const [x, y] = [Number(left), Number(right)]
    return Object.is(x, y) || left === right || Math.abs(x - y) <= 1e-9 * Math.max(Math.abs(x), Math.abs(y))
  }
  return JSON.stringify(left) === JSON.stringify(right)
}

function same([got, want]) {
  const columns = (answer) => answer.fields.map((field) => `${field.name}:${field.dataTypeID}`)
  if (got.fields) {
    const [left, right] = [columns(got).join(), columns(want).join()]
    assert(left === right, `${left}, PostgreSQL has ${right}`)
  }
  assert(got.rows.length === want.rows.length, `${got.rows.length} rows, PostgreSQL has ${want.rows.length}`)
  got.rows.forEach((row, place) => {
    for (const name of Object.keys(want.rows[place])) {
      assert(
        sameValue(row[name], want.rows[place][name]),
        `row ${place}, ${name}: ${row[name]}, PostgreSQL has ${want.rows[place][name]}`
      )
    }
  })
}

async function stateOf(promise) {
  try {
    await promise
    return 'no error'
  } catch (error) {
    return error.code
  }
}

// A case of what `body` makes of either server: all of it the same.
const agrees = (name, body) =>
  check(name, async () => {
    const [got, want] = await Promise.all([body(server), body(oracle)])
    const show = (value) => inspect(value, { depth: 8, breakLength: Infinity, maxArrayLength: 20 }).slice(0, 600)
    assert(isDeepStrictEqual(got, want), `${show(got)}, PostgreSQL has ${show(want)}`)
  })

module.exports = { agrees, assert, both, check, connected, count, oracle, same, server, stateOf }
