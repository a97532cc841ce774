-- The area of an order is that of its postcode; professionals/sql/reached.sql says how it is kept.
CREATE OR REPLACE TRIGGER leaflets_order_reached
    BEFORE INSERT OR UPDATE OF postcode, reached_nation, reached_authority ON leaflets_order
    FOR EACH ROW EXECUTE FUNCTION professionals_reached();
ALTER TABLE leaflets_order ENABLE ALWAYS TRIGGER leaflets_order_reached;
