-- Each index that keeps no rule: its name, how it is made, and the statistics that its columns were given, as (place, target).
-- Of the audit those of the whole table, which take those of its months with them.
SELECT i.indexrelid::regclass::text, replace(pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON '),
    coalesce((SELECT array_agg(ARRAY[a.attnum, a.attstattarget] ORDER BY a.attnum) FROM pg_attribute a
        WHERE a.attrelid = i.indexrelid AND a.attstattarget >= 0), '{}')
FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace
WHERE n.nspname = 'public' AND t.relname ~ '^((bookings|dataprotection|leaflets|notifications|professionals|account)_.*|audit_entry)$'
    AND NOT i.indisunique AND NOT i.indisexclusion ORDER BY 1
