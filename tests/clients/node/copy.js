// pg-copy-streams, and what pg-cursor and pg-query-stream do beyond a plain read.
const { Client } = require('pg')
const Cursor = require('pg-cursor')
const QueryStream = require('pg-query-stream')
const { to: copyTo } = require('pg-copy-streams')
const { agrees, stateOf } = require('./check')

const using = (body) => async (target) => {
  const client = new Client({ connectionString: target })
  await client.connect()
  try {
    return await body(client)
  } finally {
    await client.end()
  }
}

const agree = (name, body) => agrees(name, using(body))

async function copied(client, sql) {
  const blocks = []
  const stream = client.query(copyTo(sql))
  for await (const block of stream) blocks.push(block)
  return [Buffer.concat(blocks).toString('latin1'), stream.rowCount]
}

module.exports = async () => {
  for (const [name, sql] of [
    ['text', 'COPY (SELECT * FROM kinds.kinds ORDER BY id) TO STDOUT'],
    ['csv', 'COPY (SELECT * FROM kinds.kinds ORDER BY id) TO STDOUT WITH (FORMAT csv, HEADER true, FORCE_QUOTE *)'],
    ['csv of its own signs', "COPY (SELECT id, label, day FROM kinds.kinds ORDER BY id) TO STDOUT WITH CSV DELIMITER ';' NULL '-' QUOTE ''''"],
    ['binary', 'COPY (SELECT * FROM kinds.kinds ORDER BY id) TO STDOUT (FORMAT binary)'],
    ['a table', 'COPY region TO STDOUT'],
    ['columns of a table', 'COPY nation (n_name, n_regionkey) TO STDOUT'],
    ['many rows', 'COPY (SELECT * FROM lineitem ORDER BY l_orderkey, l_linenumber) TO STDOUT'],
    ['no rows', 'COPY (SELECT * FROM nation WHERE false) TO STDOUT WITH CSV HEADER'],
  ]) {
    await agree(`pg-copy-streams ${name}`, (client) => copied(client, sql))
  }
  await agree('pg-copy-streams errors', async (client) => {
    const seen = []
    for (const sql of ['COPY nowhere TO STDOUT', 'COPY (SELECT 1/0) TO STDOUT', 'COPY region TO STDOUT (FORMAT nope)']) {
      seen.push(await stateOf(copied(client, sql)))
    }
    return [seen, (await client.query('SELECT 1 AS one')).rows]
  })
  await agree('pg-cursor with parameters', async (client) => {
    const cursor = client.query(new Cursor('SELECT n_name FROM nation WHERE n_regionkey = $1 ORDER BY 1', [2]))
    const blocks = []
    for (let rows = await cursor.read(2); rows.length > 0; rows = await cursor.read(2)) blocks.push(rows)
    return blocks
  })
  await agree('pg-cursor rows as arrays', async (client) => {
    const cursor = client.query(new Cursor('SELECT 1 AS a, 2 AS a UNION ALL SELECT 3, 4 ORDER BY 1', [], { rowMode: 'array' }))
    return cursor.read(10)
  })
  await agree('pg-cursor that fails late', async (client) => {
    const cursor = client.query(new Cursor('SELECT 10 / (3 - g) AS part FROM generate_series(1, 5) g'))
    return [await stateOf(cursor.read(10)), (await client.query('SELECT 1 AS one')).rows]
  })
  await agree('pg-cursor in a transaction', async (client) => {
    await client.query('BEGIN')
    const cursor = client.query(new Cursor('SELECT r_name FROM region ORDER BY 1'))
    const first = await cursor.read(2)
    await cursor.close()
    await client.query('COMMIT')
    return first
  })
  await agree('pg-query-stream of few at a time', async (client) => {
    const names = []
    const stream = client.query(new QueryStream('SELECT n_name FROM nation WHERE n_nationkey > $1 ORDER BY 1', [4], { batchSize: 3, highWaterMark: 2 }))
    for await (const row of stream) names.push(row.n_name)
    return names
  })
  await agree('pg-query-stream left early', async (client) => {
    const seen = []
    for await (const row of client.query(new QueryStream('SELECT * FROM lineitem ORDER BY l_orderkey, l_linenumber'))) {
      seen.push(row.l_orderkey)
      if (seen.length === 5) break
    }
    return [seen, (await client.query('SELECT 1 AS one')).rows]
  })
  await agree('pg-query-stream that fails', async (client) => {
    const read = async () => {
      for await (const row of client.query(new QueryStream('SELECT nope FROM nation'))) return row
    }
    return [await stateOf(read()), (await client.query('SELECT 1 AS one')).rows]
  })
}
