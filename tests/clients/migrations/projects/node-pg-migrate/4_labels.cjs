exports.up = (pgm) => {
    pgm.createTable('labels', {
        id: { type: 'integer', primaryKey: true },
        label: { type: 'text', notNull: true },
    });
    pgm.sql("UPDATE accounts SET locale = 'fr'");
    pgm.sql('DELETE FROM labels WHERE id = 0');
    pgm.sql("INSERT INTO labels VALUES (1, 'new')");
};
