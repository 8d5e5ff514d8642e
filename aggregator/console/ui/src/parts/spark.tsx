const width = 120;
const height = 32;

/** A curve without axes: today as an area, yesterday as a line behind it. Decoration; the figures stand elsewhere. */
export function Spark({ today, yesterday }: { today: (number | null)[]; yesterday: (number | null)[] }) {
  const values = [...today, ...yesterday].filter((n): n is number => n !== null);
  const max = Math.max(...values, 0);
  if (max === 0) return <svg class="spark" viewBox={`0 0 ${width} ${height}`} aria-hidden="true" />;
  const line = (series: (number | null)[]) =>
    series
      .map((n, i) => (n === null ? '' : `${((i / (series.length - 1)) * width).toFixed(1)},${(height - 2 - (n / max) * (height - 4)).toFixed(1)}`))
      .filter(Boolean);
  const now = line(today);
  const x = (point: string | undefined) => point?.split(',')[0] ?? '0';
  return (
    <svg class="spark" viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
      {now.length > 1 && (
        <polygon class="spark-area" points={`${x(now[0])},${height} ${now.join(' ')} ${x(now.at(-1))},${height}`} />
      )}
      <polyline class="spark-before" points={line(yesterday).join(' ')} />
      <polyline class="spark-now" points={now.join(' ')} />
    </svg>
  );
}
