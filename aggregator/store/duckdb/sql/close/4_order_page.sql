-- of: order_page
INSERT INTO fact_order_page_hour
SELECT c.hour, e.province, e.city, e.page, e.product, e.content, count(*)
FROM {order_page} e JOIN cell c ON c.hour = hour_of(e.at_ms) AND c.province = e.province
WHERE e.at_ms >= $lo_ms AND e.at_ms < $hi_ms
GROUP BY ALL;
