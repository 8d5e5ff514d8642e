-- of: page_view
INSERT INTO fact_path_hour
SELECT c.hour, e.province, e.city, e.from_page, e.page, count(*)
FROM {page_view} e JOIN cell c ON c.hour = hour_of(e.at_ms) AND c.province = e.province
WHERE e.at_ms >= $lo_ms AND e.at_ms < $hi_ms
GROUP BY ALL;
