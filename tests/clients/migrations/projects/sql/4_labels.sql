CREATE TABLE labels (id integer PRIMARY KEY, label text NOT NULL);
UPDATE accounts SET locale = 'fr';
DELETE FROM labels WHERE id = 0;
INSERT INTO labels VALUES (1, 'new');
