-- Another phone number is another word too. A trigger of its own: search.sql runs first before orders have the column.
CREATE OR REPLACE TRIGGER leaflets_order_searched_by_phone BEFORE UPDATE OF contact_phone ON leaflets_order
    FOR EACH ROW EXECUTE FUNCTION leaflets_order_searched();
ALTER TABLE leaflets_order ENABLE ALWAYS TRIGGER leaflets_order_searched_by_phone;
