// Joins: from an answer's rows to the figures of one place, hour or mode.

import type { Answer, Cell, Text } from './api';

/** One row by column id. Unknown columns are undefined. */
export type Figures = Record<string, number | null>;

/** A row of an answer: its group (period and dimension cells as text) and its figures. */
export interface Group {
  key: Record<string, string>;
  figures: Figures;
}

/** Cuts every row into its group and its figures. */
export function groups(answer: Answer): Group[] {
  return answer.rows.map((row) => {
    const key: Record<string, string> = {};
    const figures: Figures = {};
    answer.columns.forEach((column, i) => {
      const cell: Cell = row[i] ?? null;
      if (column.type === 'indicator') figures[column.id] = typeof cell === 'number' ? cell : null;
      else key[column.id] = cell === null ? '' : String(cell);
    });
    return { key, figures };
  });
}

/** The figures by one column of the group, period or a dimension. */
export function by(answer: Answer, column: string): Map<string, Figures> {
  return new Map(groups(answer).map((g) => [g.key[column] ?? '', g.figures]));
}

/** The figures of an answer without groups; empty if it has no row. */
export function only(answer: Answer): Figures {
  return groups(answer)[0]?.figures ?? {};
}

/** What a code of a dimension is called, or undefined. */
export function label(answer: Answer, dimension: string, code: string): Text | undefined {
  return answer.labels?.[dimension]?.[code];
}
