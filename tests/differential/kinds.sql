SELECT * FROM kinds.kinds ORDER BY id;
SELECT flag, small, medium, large FROM kinds.kinds ORDER BY id;
SELECT single, double FROM kinds.kinds ORDER BY id;
SELECT amount, precise, whole FROM kinds.kinds ORDER BY id;
SELECT label, bytes FROM kinds.kinds ORDER BY id;
SELECT day, clock, moment, instant FROM kinds.kinds ORDER BY id;
SELECT numbers, words FROM kinds.kinds ORDER BY id;
TABLE kinds.kinds;

-- flag
SELECT id, flag::text FROM kinds.kinds ORDER BY id;
SELECT flag FROM kinds.kinds ORDER BY flag, id;
SELECT flag FROM kinds.kinds ORDER BY flag DESC, id DESC;
SELECT count(flag), count(DISTINCT flag) FROM kinds.kinds;
SELECT min(flag), max(flag) FROM kinds.kinds;
SELECT flag, count(*) FROM kinds.kinds GROUP BY flag;
SELECT DISTINCT flag FROM kinds.kinds;
SELECT id FROM kinds.kinds WHERE flag IS NULL;
SELECT a.id, b.id FROM kinds.kinds a JOIN kinds.kinds b ON a.flag = b.flag;
SELECT array_agg(flag ORDER BY id) FROM kinds.kinds;
SELECT flag AS x FROM kinds.kinds WHERE id < 2 UNION SELECT flag FROM kinds.kinds WHERE id < 3;
SELECT id, lag(flag) OVER (ORDER BY id) FROM kinds.kinds ORDER BY id;
SELECT pg_typeof(flag) FROM kinds.kinds WHERE id = 0;
SELECT coalesce(flag, (SELECT flag FROM kinds.kinds WHERE id = 0)) FROM kinds.kinds;

-- small
SELECT id, small::text FROM kinds.kinds ORDER BY id;
SELECT small FROM kinds.kinds ORDER BY small, id;
SELECT small FROM kinds.kinds ORDER BY small DESC, id DESC;
SELECT count(small), count(DISTINCT small) FROM kinds.kinds;
SELECT min(small), max(small) FROM kinds.kinds;
SELECT small, count(*) FROM kinds.kinds GROUP BY small;
SELECT DISTINCT small FROM kinds.kinds;
SELECT id FROM kinds.kinds WHERE small IS NULL;
SELECT a.id, b.id FROM kinds.kinds a JOIN kinds.kinds b ON a.small = b.small;
SELECT array_agg(small ORDER BY id) FROM kinds.kinds;
SELECT small AS x FROM kinds.kinds WHERE id < 2 UNION SELECT small FROM kinds.kinds WHERE id < 3;
SELECT id, lag(small) OVER (ORDER BY id) FROM kinds.kinds ORDER BY id;
SELECT pg_typeof(small) FROM kinds.kinds WHERE id = 0;
SELECT coalesce(small, (SELECT small FROM kinds.kinds WHERE id = 0)) FROM kinds.kinds;

-- medium
SELECT id, medium::text FROM kinds.kinds ORDER BY id;
SELECT medium FROM kinds.kinds ORDER BY medium, id;
SELECT medium FROM kinds.kinds ORDER BY medium DESC, id DESC;
SELECT count(medium), count(DISTINCT medium) FROM kinds.kinds;
SELECT min(medium), max(medium) FROM kinds.kinds;
SELECT medium, count(*) FROM kinds.kinds GROUP BY medium;
SELECT DISTINCT medium FROM kinds.kinds;
SELECT id FROM kinds.kinds WHERE medium IS NULL;
SELECT a.id, b.id FROM kinds.kinds a JOIN kinds.kinds b ON a.medium = b.medium;
SELECT array_agg(medium ORDER BY id) FROM kinds.kinds;
SELECT medium AS x FROM kinds.kinds WHERE id < 2 UNION SELECT medium FROM kinds.kinds WHERE id < 3;
SELECT id, lag(medium) OVER (ORDER BY id) FROM kinds.kinds ORDER BY id;
SELECT pg_typeof(medium) FROM kinds.kinds WHERE id = 0;
SELECT coalesce(medium, (SELECT medium FROM kinds.kinds WHERE id = 0)) FROM kinds.kinds;

-- large
SELECT id, large::text FROM kinds.kinds ORDER BY id;
SELECT large FROM kinds.kinds ORDER BY large, id;
SELECT large FROM kinds.kinds ORDER BY large DESC, id DESC;
SELECT count(large), count(DISTINCT large) FROM kinds.kinds;
SELECT min(large), max(large) FROM kinds.kinds;
SELECT large, count(*) FROM kinds.kinds GROUP BY large;
SELECT DISTINCT large FROM kinds.kinds;
SELECT id FROM kinds.kinds WHERE large IS NULL;
SELECT a.id, b.id FROM kinds.kinds a JOIN kinds.kinds b ON a.large = b.large;
SELECT array_agg(large ORDER BY id) FROM kinds.kinds;
SELECT large AS x FROM kinds.kinds WHERE id < 2 UNION SELECT large FROM kinds.kinds WHERE id < 3;
SELECT id, lag(large) OVER (ORDER BY id) FROM kinds.kinds ORDER BY id;
SELECT pg_typeof(large) FROM kinds.kinds WHERE id = 0;
SELECT coalesce(large, (SELECT large FROM kinds.kinds WHERE id = 0)) FROM kinds.kinds;

-- single
SELECT id, single::text FROM kinds.kinds ORDER BY id;
SELECT single FROM kinds.kinds ORDER BY single, id;
SELECT single FROM kinds.kinds ORDER BY single DESC, id DESC;
SELECT count(single), count(DISTINCT single) FROM kinds.kinds;
SELECT min(single), max(single) FROM kinds.kinds;
SELECT single, count(*) FROM kinds.kinds GROUP BY single;
SELECT DISTINCT single FROM kinds.kinds;
SELECT id FROM kinds.kinds WHERE single IS NULL;
SELECT a.id, b.id FROM kinds.kinds a JOIN kinds.kinds b ON a.single = b.single;
SELECT array_agg(single ORDER BY id) FROM kinds.kinds;
SELECT single AS x FROM kinds.kinds WHERE id < 2 UNION SELECT single FROM kinds.kinds WHERE id < 3;
SELECT id, lag(single) OVER (ORDER BY id) FROM kinds.kinds ORDER BY id;
SELECT pg_typeof(single) FROM kinds.kinds WHERE id = 0;
SELECT coalesce(single, (SELECT single FROM kinds.kinds WHERE id = 0)) FROM kinds.kinds;

-- double
SELECT id, double::text FROM kinds.kinds ORDER BY id;
SELECT double FROM kinds.kinds ORDER BY double, id;
SELECT double FROM kinds.kinds ORDER BY double DESC, id DESC;
SELECT count(double), count(DISTINCT double) FROM kinds.kinds;
SELECT min(double), max(double) FROM kinds.kinds;
SELECT double, count(*) FROM kinds.kinds GROUP BY double;
SELECT DISTINCT double FROM kinds.kinds;
SELECT id FROM kinds.kinds WHERE double IS NULL;
SELECT a.id, b.id FROM kinds.kinds a JOIN kinds.kinds b ON a.double = b.double;
SELECT array_agg(double ORDER BY id) FROM kinds.kinds;
SELECT double AS x FROM kinds.kinds WHERE id < 2 UNION SELECT double FROM kinds.kinds WHERE id < 3;
SELECT id, lag(double) OVER (ORDER BY id) FROM kinds.kinds ORDER BY id;
SELECT pg_typeof(double) FROM kinds.kinds WHERE id = 0;
SELECT coalesce(double, (SELECT double FROM kinds.kinds WHERE id = 0)) FROM kinds.kinds;

-- amount
SELECT id, amount::text FROM kinds.kinds ORDER BY id;
SELECT amount FROM kinds.kinds ORDER BY amount, id;
SELECT amount FROM kinds.kinds ORDER BY amount DESC, id DESC;
SELECT count(amount), count(DISTINCT amount) FROM kinds.kinds;
SELECT min(amount), max(amount) FROM kinds.kinds;
SELECT amount, count(*) FROM kinds.kinds GROUP BY amount;
SELECT DISTINCT amount FROM kinds.kinds;
SELECT id FROM kinds.kinds WHERE amount IS NULL;
SELECT a.id, b.id FROM kinds.kinds a JOIN kinds.kinds b ON a.amount = b.amount;
SELECT array_agg(amount ORDER BY id) FROM kinds.kinds;
SELECT amount AS x FROM kinds.kinds WHERE id < 2 UNION SELECT amount FROM kinds.kinds WHERE id < 3;
SELECT id, lag(amount) OVER (ORDER BY id) FROM kinds.kinds ORDER BY id;
SELECT pg_typeof(amount) FROM kinds.kinds WHERE id = 0;
SELECT coalesce(amount, (SELECT amount FROM kinds.kinds WHERE id = 0)) FROM kinds.kinds;

-- precise
SELECT id, precise::text FROM kinds.kinds ORDER BY id;
SELECT precise FROM kinds.kinds ORDER BY precise, id;
SELECT precise FROM kinds.kinds ORDER BY precise DESC, id DESC;
SELECT count(precise), count(DISTINCT precise) FROM kinds.kinds;
SELECT min(precise), max(precise) FROM kinds.kinds;
SELECT precise, count(*) FROM kinds.kinds GROUP BY precise;
SELECT DISTINCT precise FROM kinds.kinds;
SELECT id FROM kinds.kinds WHERE precise IS NULL;
SELECT a.id, b.id FROM kinds.kinds a JOIN kinds.kinds b ON a.precise = b.precise;
SELECT array_agg(precise ORDER BY id) FROM kinds.kinds;
SELECT precise AS x FROM kinds.kinds WHERE id < 2 UNION SELECT precise FROM kinds.kinds WHERE id < 3;
SELECT id, lag(precise) OVER (ORDER BY id) FROM kinds.kinds ORDER BY id;
SELECT pg_typeof(precise) FROM kinds.kinds WHERE id = 0;
SELECT coalesce(precise, (SELECT precise FROM kinds.kinds WHERE id = 0)) FROM kinds.kinds;

-- whole
SELECT id, whole::text FROM kinds.kinds ORDER BY id;
SELECT whole FROM kinds.kinds ORDER BY whole, id;
SELECT whole FROM kinds.kinds ORDER BY whole DESC, id DESC;
SELECT count(whole), count(DISTINCT whole) FROM kinds.kinds;
SELECT min(whole), max(whole) FROM kinds.kinds;
SELECT whole, count(*) FROM kinds.kinds GROUP BY whole;
SELECT DISTINCT whole FROM kinds.kinds;
SELECT id FROM kinds.kinds WHERE whole IS NULL;
SELECT a.id, b.id FROM kinds.kinds a JOIN kinds.kinds b ON a.whole = b.whole;
SELECT array_agg(whole ORDER BY id) FROM kinds.kinds;
SELECT whole AS x FROM kinds.kinds WHERE id < 2 UNION SELECT whole FROM kinds.kinds WHERE id < 3;
SELECT id, lag(whole) OVER (ORDER BY id) FROM kinds.kinds ORDER BY id;
SELECT pg_typeof(whole) FROM kinds.kinds WHERE id = 0;
SELECT coalesce(whole, (SELECT whole FROM kinds.kinds WHERE id = 0)) FROM kinds.kinds;

-- label
SELECT id, label::text FROM kinds.kinds ORDER BY id;
SELECT label FROM kinds.kinds ORDER BY label, id;
SELECT label FROM kinds.kinds ORDER BY label DESC, id DESC;
SELECT count(label), count(DISTINCT label) FROM kinds.kinds;
SELECT min(label), max(label) FROM kinds.kinds;
SELECT label, count(*) FROM kinds.kinds GROUP BY label;
SELECT DISTINCT label FROM kinds.kinds;
SELECT id FROM kinds.kinds WHERE label IS NULL;
SELECT a.id, b.id FROM kinds.kinds a JOIN kinds.kinds b ON a.label = b.label;
SELECT array_agg(label ORDER BY id) FROM kinds.kinds;
SELECT label AS x FROM kinds.kinds WHERE id < 2 UNION SELECT label FROM kinds.kinds WHERE id < 3;
SELECT id, lag(label) OVER (ORDER BY id) FROM kinds.kinds ORDER BY id;
SELECT pg_typeof(label) FROM kinds.kinds WHERE id = 0;
SELECT coalesce(label, (SELECT label FROM kinds.kinds WHERE id = 0)) FROM kinds.kinds;

-- bytes
SELECT id, bytes::text FROM kinds.kinds ORDER BY id;
SELECT bytes FROM kinds.kinds ORDER BY bytes, id;
SELECT bytes FROM kinds.kinds ORDER BY bytes DESC, id DESC;
SELECT count(bytes), count(DISTINCT bytes) FROM kinds.kinds;
SELECT min(bytes), max(bytes) FROM kinds.kinds;
SELECT bytes, count(*) FROM kinds.kinds GROUP BY bytes;
SELECT DISTINCT bytes FROM kinds.kinds;
SELECT id FROM kinds.kinds WHERE bytes IS NULL;
SELECT a.id, b.id FROM kinds.kinds a JOIN kinds.kinds b ON a.bytes = b.bytes;
SELECT array_agg(bytes ORDER BY id) FROM kinds.kinds;
SELECT bytes AS x FROM kinds.kinds WHERE id < 2 UNION SELECT bytes FROM kinds.kinds WHERE id < 3;
SELECT id, lag(bytes) OVER (ORDER BY id) FROM kinds.kinds ORDER BY id;
SELECT pg_typeof(bytes) FROM kinds.kinds WHERE id = 0;
SELECT coalesce(bytes, (SELECT bytes FROM kinds.kinds WHERE id = 0)) FROM kinds.kinds;

-- day
SELECT id, day::text FROM kinds.kinds ORDER BY id;
SELECT day FROM kinds.kinds ORDER BY day, id;
SELECT day FROM kinds.kinds ORDER BY day DESC, id DESC;
SELECT count(day), count(DISTINCT day) FROM kinds.kinds;
SELECT min(day), max(day) FROM kinds.kinds;
SELECT day, count(*) FROM kinds.kinds GROUP BY day;
SELECT DISTINCT day FROM kinds.kinds;
SELECT id FROM kinds.kinds WHERE day IS NULL;
SELECT a.id, b.id FROM kinds.kinds a JOIN kinds.kinds b ON a.day = b.day;
SELECT array_agg(day ORDER BY id) FROM kinds.kinds;
SELECT day AS x FROM kinds.kinds WHERE id < 2 UNION SELECT day FROM kinds.kinds WHERE id < 3;
SELECT id, lag(day) OVER (ORDER BY id) FROM kinds.kinds ORDER BY id;
SELECT pg_typeof(day) FROM kinds.kinds WHERE id = 0;
SELECT coalesce(day, (SELECT day FROM kinds.kinds WHERE id = 0)) FROM kinds.kinds;

-- clock
SELECT id, clock::text FROM kinds.kinds ORDER BY id;
SELECT clock FROM kinds.kinds ORDER BY clock, id;
SELECT clock FROM kinds.kinds ORDER BY clock DESC, id DESC;
SELECT count(clock), count(DISTINCT clock) FROM kinds.kinds;
SELECT min(clock), max(clock) FROM kinds.kinds;
SELECT clock, count(*) FROM kinds.kinds GROUP BY clock;
SELECT DISTINCT clock FROM kinds.kinds;
SELECT id FROM kinds.kinds WHERE clock IS NULL;
SELECT a.id, b.id FROM kinds.kinds a JOIN kinds.kinds b ON a.clock = b.clock;
SELECT array_agg(clock ORDER BY id) FROM kinds.kinds;
SELECT clock AS x FROM kinds.kinds WHERE id < 2 UNION SELECT clock FROM kinds.kinds WHERE id < 3;
SELECT id, lag(clock) OVER (ORDER BY id) FROM kinds.kinds ORDER BY id;
SELECT pg_typeof(clock) FROM kinds.kinds WHERE id = 0;
SELECT coalesce(clock, (SELECT clock FROM kinds.kinds WHERE id = 0)) FROM kinds.kinds;

-- moment
SELECT id, moment::text FROM kinds.kinds ORDER BY id;
SELECT moment FROM kinds.kinds ORDER BY moment, id;
SELECT moment FROM kinds.kinds ORDER BY moment DESC, id DESC;
SELECT count(moment), count(DISTINCT moment) FROM kinds.kinds;
SELECT min(moment), max(moment) FROM kinds.kinds;
SELECT moment, count(*) FROM kinds.kinds GROUP BY moment;
SELECT DISTINCT moment FROM kinds.kinds;
SELECT id FROM kinds.kinds WHERE moment IS NULL;
SELECT a.id, b.id FROM kinds.kinds a JOIN kinds.kinds b ON a.moment = b.moment;
SELECT array_agg(moment ORDER BY id) FROM kinds.kinds;
SELECT moment AS x FROM kinds.kinds WHERE id < 2 UNION SELECT moment FROM kinds.kinds WHERE id < 3;
SELECT id, lag(moment) OVER (ORDER BY id) FROM kinds.kinds ORDER BY id;
SELECT pg_typeof(moment) FROM kinds.kinds WHERE id = 0;
SELECT coalesce(moment, (SELECT moment FROM kinds.kinds WHERE id = 0)) FROM kinds.kinds;

-- instant
SELECT id, instant::text FROM kinds.kinds ORDER BY id;
SELECT instant FROM kinds.kinds ORDER BY instant, id;
SELECT instant FROM kinds.kinds ORDER BY instant DESC, id DESC;
SELECT count(instant), count(DISTINCT instant) FROM kinds.kinds;
SELECT min(instant), max(instant) FROM kinds.kinds;
SELECT instant, count(*) FROM kinds.kinds GROUP BY instant;
SELECT DISTINCT instant FROM kinds.kinds;
SELECT id FROM kinds.kinds WHERE instant IS NULL;
SELECT a.id, b.id FROM kinds.kinds a JOIN kinds.kinds b ON a.instant = b.instant;
SELECT array_agg(instant ORDER BY id) FROM kinds.kinds;
SELECT instant AS x FROM kinds.kinds WHERE id < 2 UNION SELECT instant FROM kinds.kinds WHERE id < 3;
SELECT id, lag(instant) OVER (ORDER BY id) FROM kinds.kinds ORDER BY id;
SELECT pg_typeof(instant) FROM kinds.kinds WHERE id = 0;
SELECT coalesce(instant, (SELECT instant FROM kinds.kinds WHERE id = 0)) FROM kinds.kinds;

-- numbers
SELECT id, numbers::text FROM kinds.kinds ORDER BY id;
SELECT numbers FROM kinds.kinds ORDER BY numbers, id;
SELECT numbers FROM kinds.kinds ORDER BY numbers DESC, id DESC;
SELECT count(numbers), count(DISTINCT numbers) FROM kinds.kinds;
SELECT min(numbers), max(numbers) FROM kinds.kinds;
SELECT numbers, count(*) FROM kinds.kinds GROUP BY numbers;
SELECT DISTINCT numbers FROM kinds.kinds;
SELECT id FROM kinds.kinds WHERE numbers IS NULL;
SELECT a.id, b.id FROM kinds.kinds a JOIN kinds.kinds b ON a.numbers = b.numbers;
SELECT array_agg(numbers ORDER BY id) FROM kinds.kinds;
SELECT numbers AS x FROM kinds.kinds WHERE id < 2 UNION SELECT numbers FROM kinds.kinds WHERE id < 3;
SELECT id, lag(numbers) OVER (ORDER BY id) FROM kinds.kinds ORDER BY id;
SELECT pg_typeof(numbers) FROM kinds.kinds WHERE id = 0;
SELECT coalesce(numbers, (SELECT numbers FROM kinds.kinds WHERE id = 0)) FROM kinds.kinds;

-- words
SELECT id, words::text FROM kinds.kinds ORDER BY id;
SELECT words FROM kinds.kinds ORDER BY words, id;
SELECT words FROM kinds.kinds ORDER BY words DESC, id DESC;
SELECT count(words), count(DISTINCT words) FROM kinds.kinds;
SELECT min(words), max(words) FROM kinds.kinds;
SELECT words, count(*) FROM kinds.kinds GROUP BY words;
SELECT DISTINCT words FROM kinds.kinds;
SELECT id FROM kinds.kinds WHERE words IS NULL;
SELECT a.id, b.id FROM kinds.kinds a JOIN kinds.kinds b ON a.words = b.words;
SELECT array_agg(words ORDER BY id) FROM kinds.kinds;
SELECT words AS x FROM kinds.kinds WHERE id < 2 UNION SELECT words FROM kinds.kinds WHERE id < 3;
SELECT id, lag(words) OVER (ORDER BY id) FROM kinds.kinds ORDER BY id;
SELECT pg_typeof(words) FROM kinds.kinds WHERE id = 0;
SELECT coalesce(words, (SELECT words FROM kinds.kinds WHERE id = 0)) FROM kinds.kinds;
