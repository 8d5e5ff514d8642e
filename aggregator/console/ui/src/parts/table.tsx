import { useState } from 'preact/hooks';

import { t } from '../i18n';

export interface Column<R> {
  id: string;
  title: string;
  /** What the column is sorted by; missing values come last. */
  value: (row: R) => number | string | null;
  text: (row: R) => string;
  numeric?: boolean;
}

interface TableProps<R> {
  caption: string;
  columns: Column<R>[];
  rows: R[];
  rowKey: (row: R) => string;
  /** Sorted by this column at first, numbers from the largest; without it rows keep their order. */
  sortBy?: string;
  /** If it returns a function, the row's first cell is a button that calls it. */
  open?: (row: R) => (() => void) | undefined;
}

/** A table that can be sorted by each column and scrolls inside its own frame. */
export function Table<R>({ caption, columns, rows, rowKey, sortBy, open }: TableProps<R>) {
  const [sort, setSort] = useState({ id: sortBy ?? '', down: true });
  const by = columns.find((c) => c.id === sort.id);
  const sorted = by ? [...rows].sort((a, b) => compare(by.value(a), by.value(b), sort.down)) : rows;
  return (
    <div class="table-frame" role="region" aria-label={caption} tabIndex={0}>
      <table>
        <caption class="unseen">{caption}</caption>
        <thead>
          <tr>
            {columns.map((c) => (
              <th
                key={c.id}
                scope="col"
                class={c.numeric ? 'numeric' : undefined}
                aria-sort={c.id === sort.id ? (sort.down ? 'descending' : 'ascending') : undefined}
              >
                <button
                  type="button"
                  title={t('sortBy', { column: c.title })}
                  onClick={() => setSort({ id: c.id, down: c.id === sort.id ? !sort.down : Boolean(c.numeric) })}
                >
                  {c.title}
                  <span class="sort-mark" aria-hidden="true">
                    {c.id === sort.id ? (sort.down ? '▾' : '▴') : ''}
                  </span>
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.map((row) => {
            const onOpen = open?.(row);
            return (
              <tr key={rowKey(row)}>
                {columns.map((c, i) =>
                  i === 0 ? (
                    <th key={c.id} scope="row">
                      {onOpen ? (
                        <button type="button" class="open" onClick={onOpen}>
                          {c.text(row)}
                        </button>
                      ) : (
                        c.text(row)
                      )}
                    </th>
                  ) : (
                    <td key={c.id} class={c.numeric ? 'numeric' : undefined}>
                      {c.text(row)}
                    </td>
                  ),
                )}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** Orders two cells; null is last either way. */
export function compare(a: number | string | null, b: number | string | null, down: boolean): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  const order = typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b), 'zh-CN');
  return down ? -order : order;
}
