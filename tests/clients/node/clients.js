// Drivers and query builders of Node against Forebay, their answers compared with PostgreSQL's. node-postgres is here, each
// other one in its own file.
//
// Arguments: DSN of the server under test, DSN of PostgreSQL, directory of the TPC-H queries. Prints one line per failed case
// and, last, the line that tests/run counts by.
const fs = require('node:fs')
const path = require('node:path')
const { Client, Pool } = require('pg')
const Cursor = require('pg-cursor')
const QueryStream = require('pg-query-stream')

const { assert, both, check, connected, count, same, server, stateOf } = require('./check')

const directory = process.argv[4]
const SLOW =
  'SELECT count(*) FROM lineitem a, lineitem b, lineitem c WHERE a.l_comment < b.l_comment AND b.l_comment < c.l_comment'
const LINES = 'SELECT * FROM lineitem ORDER BY l_orderkey, l_linenumber'
const KINDS = 'SELECT * FROM kinds.kinds ORDER BY id'
async function main() {
  const files = fs.readdirSync(directory).filter((file) => file.endsWith('.sql')).sort()
  for (const file of files) {
    const text = fs.readFileSync(path.join(directory, file), 'utf8').trim().replace(/;$/, '')
    await check(`tpch ${file} simple`, async () => same(await both((client) => client.query(text))))
    await check(`tpch ${file} prepared`, async () =>
      same(
        await both(async (client) => {
          await client.query({ name: 'q', text, values: [] })
          return client.query({ name: 'q', text, values: [] })
        })
      )
    )
    await check(`tpch ${file} cursor`, async () =>
      same(await both(async (client) => ({ rows: await client.query(new Cursor(text)).read(1000) })))
    )
  }
  await check('kinds', async () => same(await both((client) => client.query(KINDS))))
  await check('row mode array', async () => {
    const [got, want] = await both((client) => client.query({ text: 'SELECT 1 AS a, 2 AS a', rowMode: 'array' }))
    assert(JSON.stringify(got.rows) === JSON.stringify(want.rows), JSON.stringify(got.rows))
  })
  await check('parameters', async () =>
    same(
      await both((client) =>
        client.query(
          'SELECT $1::int8 AS a, $2::text AS b, $3::numeric AS c, $4::date::text AS d, $5::bool AS e, $6::float8 AS f, $7::bytea AS g, $8::int4 AS h, $9::int4[] AS i',
          ['7000000000', 'it\'s "x" \\', '1.50', '2026-03-01', true, 0.1, Buffer.from([0, 255]), null, [1, 2, null]]
        )
      )
    )
  )
  await check('inferred parameters', async () =>
    same(await both((client) => client.query('SELECT n_name FROM nation WHERE n_nationkey = $1 AND n_name > $2', [7, 'A'])))
  )
  await check('several statements', async () => {
    const [got, want] = await both((client) => client.query('SELECT 1 AS a; SELECT 2 AS b; SELECT r_name FROM region ORDER BY 1'))
    assert(got.length === 3, `${got.length} results`)
    got.forEach((answer, place) => same([answer, want[place]]))
    assert(got[2].command === 'SELECT' && got[2].rowCount === 5, 'command tag')
  })
  await check('cursor', async () => {
    const answers = await both(async (client) => {
      const cursor = client.query(new Cursor(LINES))
      const rows = []
      for (;;) {
        const block = await cursor.read(777)
        if (block.length === 0) break
        rows.push(...block)
      }
      await cursor.close()
      return { rows }
    })
    same(answers)
  })
  await check('cursor closed early', async () =>
    connected(server, async (client) => {
      const cursor = client.query(new Cursor(LINES))
      assert((await cursor.read(10)).length === 10, 'ten rows')
      await cursor.close()
      assert((await client.query('SELECT 1 AS one')).rows[0].one === 1, 'connection is alive')
    })
  )
  await check('stream', async () => {
    const answers = await both(async (client) => {
      const rows = []
      for await (const row of client.query(new QueryStream(LINES, [], { batchSize: 500 }))) rows.push(row)
      return { rows }
    })
    same(answers)
  })
  await check('error fields', async () => {
    const seen = await both(async (client) => {
      try {
        await client.query('SELECT nope FROM nation')
      } catch (error) {
        return `${error.severity} ${error.code} ${error.position} ${error.message}`
      }
      return 'no error'
    })
    assert(seen[0] === seen[1], seen.join(' | '))
  })
  await check('error then goes on', async () =>
    connected(server, async (client) => {
      assert((await stateOf(client.query('SELECT 1 / $1::int4', [0]))) === '22012', '22012')
      assert((await client.query('SELECT 1 AS one')).rows[0].one === 1, 'connection is alive')
    })
  )
  await check('transaction', async () =>
    connected(server, async (client) => {
      await client.query('BEGIN')
      assert((await stateOf(client.query('SELECT * FROM nope'))) === '42P01', '42P01')
      assert((await stateOf(client.query('SELECT 1'))) === '25P02', '25P02')
      await client.query('ROLLBACK')
      assert((await client.query('SELECT 1 AS one')).rows[0].one === 1, 'connection is alive')
    })
  )
  await check('statement timeout', async () => {
    const client = new Client({ connectionString: server, statement_timeout: 300 })
    await client.connect()
    const started = Date.now()
    assert((await stateOf(client.query(SLOW))) === '57014', '57014')
    assert(Date.now() - started < 2000, 'stopped in time')
    await client.end()
  })
  await check('pool', async () => {
    const pool = new Pool({ connectionString: server, max: 8 })
    const answers = await Promise.all(Array.from({ length: 100 }, (_, n) => pool.query('SELECT $1::int4 + 1 AS next', [n])))
    assert(answers.every((answer, n) => answer.rows[0].next === n + 1), 'each its own answer')
    await pool.end()
  })
  await check('startup options', async () => {
    const client = new Client({ connectionString: server, options: '-c search_path=kinds', application_name: 'clients' })
    await client.connect()
    assert((await client.query('SELECT count(*)::int4 AS n FROM kinds')).rows[0].n === 8, 'search_path')
    assert((await client.query('SHOW application_name')).rows[0].application_name === 'clients', 'application_name')
    await client.end()
  })
  for (const suite of ['postgres-js', 'copy', 'knex', 'sequelize']) await require(`./${suite}`)()
  console.log(`${count.passed} passed, ${count.failed} failed, 0 skipped`)
  // A failed case may leave a connection open, which would keep the process.
  process.exit(count.failed === 0 ? 0 : 1)
}

main()
