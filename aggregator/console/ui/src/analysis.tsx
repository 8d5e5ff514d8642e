// Boards and insights: a file of its own (analysis.js), loaded when the reader comes to
// them.

import './parts/doing';
import './parts/panel';

import { effect } from '@preact/signals';

import { names } from './live';
import { lang } from './prefs';
import { boardsHeading } from './page/later';
import { nameDimensions } from './boards/data';
import { begin, edit, end } from './boards/edit';
import { EditorPage } from './boards/editor';
import { ListPage } from './boards/list';
import { say } from './boards/model';
import { at, follow, load, opened, tabOf } from './boards/state';
import { BoardPage } from './boards/view';

nameDimensions((id, l) => names.value?.dimensions.find((d) => d.id === id)?.title[l] ?? id);
follow();
effect(() => {
  const open = opened.value;
  boardsHeading.value = at.value.id && open ? say(open.board.title, lang.value) : '';
});

// whoever goes elsewhere leaves the editor; the draft stays
effect(() => {
  const { id, revision } = at.value;
  const e = edit.peek();
  if (e && (e.id !== id || revision !== 0)) end(false);
});

export function BoardsPage() {
  const { id, tab } = at.value;
  if (!id) return <ListPage />;
  if (edit.value?.id === id) return <EditorPage onEnd={() => void load(id, 0)} />;
  return <BoardPage edit={(o) => begin(o, tabOf(o.board).id || tab)} />;
}

export { startReader } from './boards/reader';
export { InsightsPage } from './page/insights';
