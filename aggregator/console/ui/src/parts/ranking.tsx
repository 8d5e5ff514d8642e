export interface Ranked {
  code: string;
  name: string;
  value: number | null;
  text: string;
  /** A second figure, such as the share of the whole. */
  note: string;
}

interface RankingProps {
  label: string;
  rows: Ranked[];
  open?: ((code: string) => void) | undefined;
}

/** Places from the largest figure to the smallest, each with a bar. rows come sorted. */
export function Ranking({ label, rows, open }: RankingProps) {
  const max = Math.max(...rows.map((r) => r.value ?? 0), 0);
  // it may scroll: without buttons inside, the list itself must be reachable
  return (
    <ol class="ranking" aria-label={label} tabIndex={open ? undefined : 0}>
      {rows.map((r, i) => {
        const content = (
          <>
            <span class="rank">{i + 1}</span>
            <span class="rank-name">{r.name}</span>
            <span class="rank-bar" aria-hidden="true">
              <span style={{ transform: `scaleX(${max > 0 ? (r.value ?? 0) / max : 0})` }} />
            </span>
            <span class="rank-value">{r.text}</span>
            <span class="rank-note">{r.note}</span>
          </>
        );
        return (
          <li key={r.code}>
            {open ? (
              <button type="button" onClick={() => open(r.code)}>
                {content}
              </button>
            ) : (
              <div>{content}</div>
            )}
          </li>
        );
      })}
    </ol>
  );
}
