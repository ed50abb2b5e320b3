// postgres.js: it pipelines, prepares by itself, and asks for the array types of the server when it connects.
const postgres = require('postgres')
const { agrees, assert, check, server } = require('./check')

const NATIONS = 'SELECT n_nationkey, n_name, n_regionkey FROM nation ORDER BY n_nationkey'

// What `body` makes of a connected client.
const using = (body, options = {}) => async (target) => {
  const sql = postgres(target, { max: 2, onnotice: () => {}, idle_timeout: 5, ...options })
  try {
    return await body(sql)
  } finally {
    await sql.end({ timeout: 5 })
  }
}

const agree = (name, body, options) => agrees(`postgres.js ${name}`, using(body, options))

// Columns without the OIDs of tables, which each server gives itself.
const columns = (list) => list && list.map(({ name, type, number }) => ({ name, type, number }))
const whole = (result) => ({
  rows: [...result],
  columns: columns(result.columns),
  command: result.command,
  count: result.count,
})

async function failure(promise) {
  try {
    await promise
    return 'no error'
  } catch ({ severity, code, message, position, detail, hint }) {
    return { severity, code, message, position, detail, hint }
  }
}

module.exports = async () => {
  await agree('types of arrays', async (sql) => {
    await sql`SELECT 1`
    // Parsers and serializers that it made of the rows of pg_type.
    const made = Object.keys(sql.options.parsers).map(Number)
    // Ours are from 9000 on.
    return made.filter((oid) => oid < 9_000 && ![2949, 3221, 143].includes(oid)).sort((a, b) => a - b)
  })
  await agree('rows', async (sql) => whole(await sql.unsafe(NATIONS)))
  await agree('prepared twice', async (sql) => {
    const rows = []
    for (const key of [3, 7, 99]) rows.push(whole(await sql`SELECT n_name, n_comment FROM nation WHERE n_nationkey = ${key}`))
    return rows
  })
  await agree('unprepared', async (sql) => whole(await sql`SELECT ${'x'}::text || n_name AS a FROM nation WHERE n_nationkey < ${2} ORDER BY 1`), {
    prepare: false,
  })
  await agree('kinds', async (sql) => whole(await sql`SELECT * FROM kinds.kinds ORDER BY id`))
  await agree('parameters', async (sql) =>
    whole(
      await sql`SELECT ${7000000000n}::int8 AS a, ${"it's"}::text AS b, ${'1.50'}::numeric AS c, ${new Date(0)}::timestamptz AS d,
        ${true}::bool AS e, ${0.5}::float8 AS f, ${Buffer.from([0, 255])}::bytea AS g, ${null}::int4 AS h,
        ${sql.json({ a: [1, null] })}::jsonb AS i, ${'2026-03-01'}::date AS j, ${'12:30'}::time AS k, ${'1 day'}::interval AS l`,
    ),
  )
  await agree('inferred parameters', async (sql) =>
    whole(await sql`SELECT n_name, n_nationkey + ${1} AS next FROM nation WHERE n_name > ${'M'} AND n_regionkey = ${3} ORDER BY 1 LIMIT ${4}`),
  )
  await agree('arrays', async (sql) =>
    whole(await sql`SELECT ${sql.array([1, 2, 3], 1007)}::int4[] AS a, ${['x', 'y,"z"', null]}::text[] AS b, ARRAY[[1,2],[3,4]] AS c, ARRAY[true, NULL] AS d`),
  )
  await agree('in a list', async (sql) => whole(await sql`SELECT n_name FROM nation WHERE n_nationkey IN ${sql([1, 5, 9])} ORDER BY 1`))
  await agree('names of columns', async (sql) => whole(await sql`SELECT ${sql(['n_name', 'n_regionkey'])} FROM ${sql('tpch.nation')} ORDER BY ${sql('n_name')} LIMIT 3`))
  await agree('fragments', async (sql) => {
    const where = (key) => (key === undefined ? sql`` : sql`WHERE r_regionkey = ${key}`)
    return [await sql`SELECT r_name FROM region ${where(2)}`, await sql`SELECT count(*) FROM region ${where()}`].map(whole)
  })
  await agree('values of a list', async (sql) => whole(await sql`SELECT a::int + 1 AS a, b FROM (VALUES ${sql([[1, 'x'], [2, 'y']])}) t(a, b)`))
  await agree('values and raw', async (sql) => [
    [...(await sql`SELECT 1 AS a, 2 AS a, 'x' AS b`.values())],
    (await sql`SELECT 1 AS a, NULL AS b, 'x'::text AS c`.raw()).map((row) => row.map((cell) => cell && cell.toString())),
  ])
  await agree('for each', async (sql) => {
    const names = []
    const result = await sql`SELECT r_name FROM region ORDER BY 1`.forEach((row) => names.push(row.r_name))
    return [names, result.count, result.command]
  })
  await agree('cursor', async (sql) => {
    const sizes = []
    let sum = 0n
    await sql`SELECT l_orderkey FROM lineitem ORDER BY l_orderkey, l_linenumber`.cursor(7777, (rows) => {
      sizes.push(rows.length)
      for (const row of rows) sum += BigInt(row.l_orderkey)
    })
    return [sizes, sum]
  })
  await agree('cursor left early', async (sql) => {
    const seen = []
    for await (const [row] of sql`SELECT n_name FROM nation ORDER BY n_nationkey`.cursor()) {
      seen.push(row.n_name)
      if (seen.length === 3) break
    }
    return [seen, whole(await sql`SELECT 1 AS one`)]
  })
  await agree('cursor ended by its consumer', async (sql) => {
    let blocks = 0
    await sql`SELECT * FROM lineitem`.cursor(100, () => (++blocks === 3 ? sql.CLOSE : undefined))
    return [blocks, whole(await sql`SELECT 2 AS two`)]
  })
  await agree('describe', async (sql) => {
    const described = await sql`SELECT n_name, $1::int4 + n_nationkey AS a, $2::text[] AS b FROM nation WHERE n_regionkey = $3`.describe()
    return { types: described.types, columns: columns(described.columns) }
  })
  await agree('describe what gives no rows', async (sql) => {
    const described = await sql`SET search_path = tpch`.describe()
    return { types: described.types, columns: columns(described.columns) }
  })
  await agree('several statements', async (sql) => {
    const results = await sql.unsafe('SELECT 1 AS a; SELECT r_name FROM region ORDER BY 1; SET search_path = tpch; SELECT 2 AS b').simple()
    return results.map(whole)
  })
  await agree('nothing', async (sql) => whole(await sql.unsafe('')))
  await agree('transaction', async (sql) =>
    sql.begin('isolation level repeatable read read only', async (sql) => [
      whole(await sql`SHOW transaction_isolation`),
      whole(await sql`SHOW transaction_read_only`),
      whole(await sql`SELECT count(*) FROM nation`),
    ]),
  )
  await agree('transaction rolled back', async (sql) => [
    await failure(
      sql.begin(async (sql) => {
        await sql`SELECT 1 / ${0}::int4`
      }),
    ),
    whole(await sql`SELECT 1 AS one`),
  ])
  await agree('savepoints', async (sql) =>
    sql.begin(async (sql) => {
      const failed = await failure(sql.savepoint('inner', async (sql) => sql`SELECT * FROM nowhere`))
      const held = await sql.savepoint(async (sql) => sql`SELECT 5 AS five`)
      return [failed, whole(held), whole(await sql`SELECT 6 AS six`)]
    }),
  )
  await agree('several in a transaction at once', async (sql) =>
    (await sql.begin((sql) => [sql`SELECT 1 AS a`, sql`SELECT 2 AS b`, sql`SELECT count(*) FROM region`])).map(whole),
  )
  await agree('errors', async (sql) => {
    const texts = [
      'SELECT nope FROM nation',
      'SELECT * FROM nowhere',
      'SELEC 1',
      'SELECT 1/0',
      "SELECT 'x'::int4",
      "SELECT '2026-02-30'::date",
      'SELECT n_name + 1 FROM nation',
      'SELECT nofunction(1)',
      'SELECT n_name, count(*) FROM nation',
    ]
    const seen = []
    for (const text of texts) seen.push(await failure(sql.unsafe(text)))
    seen.push(await failure(sql`SELECT ${'x'}::int4`))
    seen.push(await failure(sql`SELECT n_name FROM nation WHERE n_nationkey = ${'x'}`))
    seen.push(whole(await sql`SELECT 1 AS one`))
    return seen
  })
  await agree('many at once', async (sql) => {
    const asked = Array.from({ length: 100 }, (_, n) => sql`SELECT ${n}::int4 * 2 AS twice, r_name FROM region WHERE r_regionkey = ${n % 5}`)
    return (await Promise.all(asked)).map(whole)
  }, { max: 3 })
  await agree('an error among many', async (sql) => {
    const asked = [1, 0, 2].map((by) => sql`SELECT 10 / ${by}::int4 AS part`)
    return (await Promise.allSettled(asked)).map((done) => (done.value ? [...done.value] : done.reason.code))
  }, { max: 1 })
  await agree('copy out', async (sql) => {
    const blocks = []
    for await (const block of await sql`COPY (SELECT * FROM nation ORDER BY n_nationkey) TO STDOUT`.readable()) blocks.push(block)
    return [Buffer.concat(blocks).toString(), whole(await sql`SELECT 1 AS one`)]
  })
  await agree('copy out as csv', async (sql) => {
    const blocks = []
    const copy = sql`COPY (SELECT l_orderkey, l_comment, l_shipdate FROM lineitem ORDER BY 1, l_linenumber LIMIT 20000) TO STDOUT (FORMAT csv, HEADER)`
    for await (const block of await copy.readable()) blocks.push(block)
    return Buffer.concat(blocks).toString()
  })
  await agree('listen and notify', async (sql) => {
    const heard = []
    let arrived
    const all = new Promise((resolve) => (arrived = resolve))
    const { state, unlisten } = await sql.listen('postgres_js', (text) => heard.push(text) === 3 && arrived())
    await sql.notify('postgres_js', 'first')
    await sql`SELECT pg_notify('postgres_js', ${'second'})`
    await sql.notify('other', 'unheard')
    await sql.begin(async (sql) => sql`SELECT pg_notify('postgres_js', 'third')`)
    await all
    await unlisten()
    return [heard, state.pid > 0]
  })
  await agree('cancel', async (sql) => {
    const query = sql`SELECT count(*) FROM lineitem a, lineitem b, lineitem c WHERE a.l_comment < b.l_comment AND b.l_comment < c.l_comment`
    const ended = failure(query.execute())
    await new Promise((resolve) => setTimeout(resolve, 300))
    query.cancel()
    return [await ended, whole(await sql`SELECT 1 AS one`)]
  }, { max: 1 })
  await agree('reserved connection', async (sql) => {
    const reserved = await sql.reserve()
    await reserved`SET search_path = kinds`
    const count = whole(await reserved`SELECT count(*) FROM kinds`)
    reserved.release()
    return count
  })
  await agree('names in camel case', async (sql) => whole(await sql`SELECT n_nationkey FROM nation WHERE n_nationkey < 2 ORDER BY 1`), {
    transform: postgres.camel,
  })
  await agree('parameters of the session', async (sql) => {
    await sql`SELECT 1`
    const [row] = await sql`SELECT current_setting('application_name') AS a, current_setting('search_path') AS b, current_setting('statement_timeout') AS c`
    return [row, sql.parameters.client_encoding, sql.parameters.standard_conforming_strings, sql.parameters.TimeZone]
  }, { connection: { application_name: 'suite', search_path: 'kinds', statement_timeout: 5000 } })
  await check('postgres.js is refused what writes beside what is published', async () => {
    const refused = await using((sql) => failure(sql`CREATE TABLE tpch.made (a int)`))(server)
    assert(refused.code && refused.code !== '42601', JSON.stringify(refused))
  })
}
