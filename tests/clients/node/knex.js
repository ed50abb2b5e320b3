// knex: statements as its query builder makes them, and what it asks of the catalog.
const Knex = require('knex')
const { agrees } = require('./check')

const using = (body) => async (target) => {
  const knex = Knex({ client: 'pg', connection: target, pool: { min: 0, max: 3 }, searchPath: ['tpch'] })
  try {
    return await body(knex)
  } finally {
    await knex.destroy()
  }
}

const agree = (name, body) => agrees(`knex ${name}`, using(body))

module.exports = async () => {
  await agree('select', (knex) => knex('nation').select('n_name', { key: 'n_nationkey' }).where({ n_regionkey: 1 }).orderBy('n_name'))
  await agree('conditions', (knex) =>
    knex('lineitem')
      .where('l_quantity', '>', 10)
      .andWhere((own) => own.whereIn('l_shipmode', ['AIR', 'RAIL']).orWhereNull('l_comment'))
      .whereBetween('l_shipdate', ['1995-01-01', '1995-02-01'])
      .whereNot('l_returnflag', 'R')
      .whereILike('l_comment', '%FURIOUS%')
      .orderBy(['l_orderkey', { column: 'l_linenumber', order: 'desc' }])
      .limit(20)
      .offset(5),
  )
  await agree('joins', (knex) =>
    knex('nation as n')
      .join('region as r', 'n.n_regionkey', 'r.r_regionkey')
      .leftJoin('supplier as s', function () {
        this.on('s.s_nationkey', '=', 'n.n_nationkey').andOn('s.s_acctbal', '>', knex.raw('?', [0]))
      })
      .groupBy('r.r_name', 'n.n_name')
      .select('r.r_name', 'n.n_name')
      .count('s.s_suppkey as suppliers')
      .sum({ balance: 's.s_acctbal' })
      .having(knex.raw('count(s.s_suppkey) > ?', [2]))
      .orderBy([{ column: 'r.r_name' }, { column: 'n.n_name', order: 'desc', nulls: 'last' }]),
  )
  await agree('using', (knex) => knex('nation as a').joinRaw('JOIN nation b USING (n_nationkey)').count('* as n').first())
  await agree('subqueries', (knex) =>
    knex('customer')
      .whereExists(knex('orders').select(knex.raw('1')).whereRaw('o_custkey = c_custkey').where('o_totalprice', '>', 300000))
      .whereIn('c_nationkey', knex('nation').select('n_nationkey').where('n_regionkey', 2))
      .select('c_name', knex('orders').count('*').whereRaw('o_custkey = c_custkey').as('orders'))
      .orderBy('c_custkey'),
  )
  await agree('with', (knex) =>
    knex
      .with('big', knex('orders').where('o_totalprice', '>', 350000))
      .with('keys', (own) => own.select('o_custkey').distinct().from('big'))
      .select('c_name')
      .from('customer')
      .whereIn('c_custkey', knex('keys').select('o_custkey'))
      .orderBy('c_name'),
  )
  await agree('with recursive', (knex) =>
    knex
      .withRecursive('steps', ['n'], knex.select('r_regionkey').from('region').where('r_regionkey', 1).unionAll(knex.select(knex.raw('n + 1')).from('steps').where('n', '<', 5)))
      .select('*')
      .from('steps'),
  )
  await agree('sets', (knex) =>
    knex('region').select('r_name as name').union([knex('nation').select('n_name').where('n_regionkey', 1)]).except(knex.raw("SELECT 'ASIA'")).orderBy('name'),
  )
  await agree('windows', (knex) =>
    knex('nation').select('n_name').rowNumber('place', 'n_name', 'n_regionkey').rank('rank', 'n_regionkey').orderBy('n_name'),
  )
  await agree('aggregates', (knex) =>
    knex('lineitem').min('l_quantity as least').max('l_quantity as most').avg('l_discount as mean').countDistinct('l_shipmode as modes').first(),
  )
  await agree('distinct on', (knex) => knex('nation').distinctOn('n_regionkey').select('n_regionkey', 'n_name').orderBy(['n_regionkey', 'n_name']))
  await agree('group by rollup', (knex) => knex('nation').select('n_regionkey').count('*').groupByRaw('ROLLUP (n_regionkey)').orderBy('n_regionkey'))
  await agree('pluck and first', async (knex) => [await knex('region').orderBy('r_name').pluck('r_name'), await knex('region').where('r_name', 'ASIA').first()])
  await agree('json', (knex) =>
    knex('kinds.kinds')
      .select('id', knex.raw("to_jsonb(label) #>> '{}' AS label"), knex.raw('?::jsonb -> ? AS part', [JSON.stringify({ a: [1, 2] }), 'a']))
      .orderBy('id'),
  )
  await agree('where json holds', (knex) =>
    knex
      .select('doc')
      .from(knex.raw(`(VALUES ('{"a": 1, "b": 2}'::jsonb), ('{"a": 2}')) t(doc)`))
      .whereJsonSupersetOf('doc', { a: 1 }),
  )
  await agree('raw', async (knex) => {
    const { rows, command, rowCount, fields } = await knex.raw('SELECT ?? AS a, ?::int4 AS b, :x: FROM region ORDER BY 1'.replace(', :x:', ''), ['r_name', 5])
    return [rows, command, rowCount, fields.map(({ name, dataTypeID }) => [name, dataTypeID])]
  })
  await agree('stream', async (knex) => {
    const keys = []
    for await (const row of knex('orders').select('o_orderkey').orderBy('o_orderkey').limit(3000).stream({ highWaterMark: 100 })) keys.push(row.o_orderkey)
    return keys
  })
  await agree('transactions', async (knex) => {
    const inner = await knex.transaction(async (trx) => {
      const before = await trx('region').count('* as n').first()
      const failed = await trx.transaction((deeper) => deeper.raw('SELECT 1 / 0')).catch((error) => error.code)
      return [before, failed, await trx('nation').max('n_name as last').first()]
    })
    const isolated = await knex.transaction((trx) => trx.raw('SHOW transaction_isolation'), { isolationLevel: 'repeatable read', readOnly: true })
    return [inner, isolated.rows]
  })
  await agree('errors', async (knex) => {
    const seen = []
    for (const query of [knex('nowhere'), knex('nation').select('nope'), knex.raw('SELECT ?::int4', ['x']), knex('nation').where('n_nationkey', 'x')]) {
      seen.push(await Promise.resolve(query).then(() => 'no error', ({ code, message, position }) => [code, message, position]))
    }
    return seen
  })
  await agree('timeout', (knex) =>
    knex
      .raw('SELECT count(*) FROM lineitem a, lineitem b, lineitem c WHERE a.l_comment < b.l_comment AND b.l_comment < c.l_comment')
      .timeout(300, { cancel: true })
      .catch((error) => error.name),
  )
  // The catalog.
  await agree('columnInfo', async (knex) => [await knex('lineitem').columnInfo(), await knex('nation').columnInfo('n_name'), await knex('nowhere').columnInfo()])
  await agree('columnInfo of a schema', (knex) => knex.withSchema('kinds').from('kinds').columnInfo())
  await agree('hasTable', async (knex) => [
    await knex.schema.hasTable('nation'),
    await knex.schema.hasTable('nowhere'),
    await knex.schema.withSchema('kinds').hasTable('kinds'),
  ])
  await agree('hasColumn', async (knex) => [
    await knex.schema.hasColumn('nation', 'n_name'),
    await knex.schema.hasColumn('nation', 'nope'),
    await knex.schema.withSchema('kinds').hasColumn('kinds', 'label'),
  ])
  await agree('version', async (knex) => (await knex.raw('SHOW server_version_num')).rows[0].server_version_num.slice(0, 2))
  await agree('schema', (knex) => knex.withSchema('tpch').from('region').select('r_name').orderBy('r_name'))
}
