-- A bulk load of marks; what its functions promise is said in the migration that makes them.

-- name: begin_load
-- Make the tables of a load, empty, for the months from since to until.
-- params   since, until date
-- returns  one row: load text (the table to fill)
SELECT rollbook_begin_attendance_load(:since, :until) AS load;

-- name: key_load
-- Build the keys of the months that were loaded.
-- returns  one row: months int
SELECT rollbook_key_attendance_load() AS months;

-- name: attach_load
-- Give the months that are new to attendance_records; the others stay in the load.
-- params   import_id int
-- returns  month date, is_attached bool
SELECT
    month,
    is_attached
FROM rollbook_attach_attendance_load(:import_id);

-- name: drop_load
-- Forget what is left of a load.
SELECT rollbook_drop_attendance_load();

-- name: student_keys
-- Every student by number.
-- params   most int
-- returns  student_number text, student_id uuid
SELECT
    student_number,
    student_id
FROM students
LIMIT :most;
