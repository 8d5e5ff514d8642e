// Boards and insights: a file of its own (analysis.js), loaded when the reader comes to
// them.

import { effect } from '@preact/signals';

import { names } from './live';
import { lang } from './prefs';
import { boardsHeading } from './page/later';
import { nameDimensions } from './boards/data';
import { ListPage } from './boards/list';
import { say } from './boards/model';
import { at, follow, opened } from './boards/state';
import { BoardPage } from './boards/view';

nameDimensions((id, l) => names.value?.dimensions.find((d) => d.id === id)?.title[l] ?? id);
follow();
effect(() => {
  const open = opened.value;
  boardsHeading.value = at.value.id && open ? say(open.board.title, lang.value) : '';
});

export function BoardsPage() {
  return at.value.id ? <BoardPage edit={() => undefined} /> : <ListPage />;
}

export { InsightsPage } from './page/insights';
