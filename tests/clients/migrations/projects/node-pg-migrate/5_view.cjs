exports.up = (pgm) => {
    pgm.createView(
        { schema: 'shop', name: 'paid' },
        { replace: true },
        `SELECT email, count(*) AS orders FROM shop.orders JOIN accounts ON accounts.id = account_id
         WHERE state = 'paid' GROUP BY email`,
    );
};
