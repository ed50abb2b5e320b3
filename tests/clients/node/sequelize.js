// Sequelize: models over tables that exist, and its inspection of the catalog.
const { DataTypes, Op, QueryTypes, Sequelize } = require('sequelize')
const { agrees } = require('./check')

const using = (body) => async (target) => {
  const sequelize = new Sequelize(target, { logging: false, pool: { max: 2 } })
  try {
    return await body(sequelize, models(sequelize))
  } finally {
    await sequelize.close()
  }
}

const agree = (name, body) => agrees(`sequelize ${name}`, using(body))

function models(sequelize) {
  const options = (tableName) => ({ tableName, schema: 'tpch', timestamps: false })
  // Each model keeps what it is given of a column.
  const key = () => ({ type: DataTypes.INTEGER, primaryKey: true })
  const Region = sequelize.define('Region', { r_regionkey: key(), r_name: DataTypes.TEXT }, options('region'))
  const Nation = sequelize.define('Nation', { n_nationkey: key(), n_name: DataTypes.TEXT, n_regionkey: DataTypes.INTEGER }, options('nation'))
  const Order = sequelize.define(
    'Order',
    { o_orderkey: key(), o_custkey: DataTypes.INTEGER, o_totalprice: DataTypes.DECIMAL, o_orderdate: DataTypes.DATEONLY },
    options('orders'),
  )
  Nation.belongsTo(Region, { foreignKey: 'n_regionkey', as: 'region' })
  Region.hasMany(Nation, { foreignKey: 'n_regionkey', as: 'nations' })
  return { Nation, Order, Region }
}

const plain = (rows) => JSON.parse(JSON.stringify(rows))

module.exports = async () => {
  await agree('authenticate', async (sequelize) => [await sequelize.authenticate(), (await sequelize.databaseVersion()).split('.')[0]])
  await agree('findAll', async (_, { Nation }) => plain(await Nation.findAll({ where: { n_regionkey: [1, 2], n_name: { [Op.iLike]: '%A%' } }, order: [['n_name', 'DESC NULLS LAST']], limit: 5, offset: 1 })))
  await agree('include', async (_, { Region }) =>
    plain(await Region.findAll({ include: { association: 'nations', where: { n_nationkey: { [Op.gt]: 3 } }, required: false }, order: [['r_name', 'ASC'], [{ model: Region.associations.nations.target, as: 'nations' }, 'n_name', 'ASC']] })),
  )
  await agree('include with a limit', async (_, { Region }) => plain(await Region.findAll({ include: 'nations', order: [['r_regionkey', 'ASC']], limit: 2 })).map((region) => [region.r_name, region.nations.length]))
  await agree('belongs to', async (_, { Nation }) => plain(await Nation.findByPk(7, { include: 'region' })))
  await agree('aggregates', async (sequelize, { Order }) => [
    await Order.count({ where: { o_totalprice: { [Op.between]: [100000, 200000] } } }),
    await Order.max('o_orderdate'),
    await Order.sum('o_totalprice'),
    plain(await Order.findAll({ attributes: [[sequelize.fn('date_trunc', 'year', sequelize.col('o_orderdate')), 'year'], [sequelize.fn('count', sequelize.literal('*')), 'n']], group: ['year'], order: [['year', 'ASC']] })),
  ])
  await agree('findAndCountAll', async (_, { Order }) => plain(await Order.findAndCountAll({ where: { o_orderdate: { [Op.gte]: '1998-07-01' } }, order: [['o_orderkey', 'ASC']], limit: 3 })))
  await agree('query', async (sequelize) => [
    await sequelize.query('SELECT r_name FROM tpch.region WHERE r_regionkey > :key ORDER BY 1', { replacements: { key: 2 }, type: QueryTypes.SELECT }),
    await sequelize.query('SELECT $1::int4 + $2 AS sum', { bind: [1, 2], type: QueryTypes.SELECT }),
    await sequelize.query("SELECT ARRAY[1, 2] AS a, '{\"a\": 1}'::jsonb AS b, interval '1 day 2 hours' AS c, 1.50::numeric AS d", { type: QueryTypes.SELECT }),
  ])
  await agree('transaction', (sequelize, { Region }) =>
    sequelize.transaction({ isolationLevel: 'REPEATABLE READ' }, async (transaction) => [
      await Region.count({ transaction }),
      await sequelize.query('SHOW transaction_isolation', { transaction, type: QueryTypes.SELECT }),
    ]),
  )
  await agree('nested transaction', (sequelize, { Region }) =>
    sequelize.transaction(async (transaction) => {
      const inner = sequelize.transaction({ transaction }, (deeper) => sequelize.query('SELECT 1 / 0', { transaction: deeper }))
      const failed = await inner.catch((error) => error.original.code)
      return [failed, await Region.count({ transaction })]
    }),
  )
  await agree('errors', async (sequelize) => {
    const seen = []
    for (const sql of ['SELECT * FROM nowhere', 'SELECT nope FROM tpch.nation', 'SELECT 1 / 0', "SELECT 'x'::uuid"]) {
      seen.push(await sequelize.query(sql).then(() => 'no error', (error) => [error.name, error.original.code, error.message]))
    }
    return seen
  })
  // The catalog.
  await agree('showAllSchemas', async (sequelize) => {
    const own = ['forebay', 'logic']
    return plain(await sequelize.showAllSchemas()).filter((schema) => !own.includes(schema)).sort()
  })
  await agree('describeTable', async (sequelize) => {
    const inspected = sequelize.getQueryInterface()
    return [await inspected.describeTable('lineitem', { schema: 'tpch' }), await inspected.describeTable({ tableName: 'kinds', schema: 'kinds' })]
  })
  await agree('describeTable of none', (sequelize) =>
    sequelize.getQueryInterface().describeTable('nowhere').then(() => 'no error', (error) => error.message),
  )
  await agree('showAllTables', async (sequelize) => plain(await sequelize.getQueryInterface().showAllTables()))
  await agree('tableExists', async (sequelize) => {
    const inspected = sequelize.getQueryInterface()
    return [await inspected.tableExists({ tableName: 'nation', schema: 'tpch' }), await inspected.tableExists('nowhere')]
  })
  await agree('getForeignKeyReferencesForTable', async (sequelize) => plain(await sequelize.getQueryInterface().getForeignKeyReferencesForTable({ tableName: 'nation', schema: 'tpch' })))
  await agree('showConstraint', async (sequelize) => plain(await sequelize.getQueryInterface().showConstraint({ tableName: 'kinds', schema: 'kinds' })))
}
