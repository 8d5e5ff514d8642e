// The only file that carries gridstack; loaded when a board is edited. It moves and
// resizes widgets by pointer; keyboards do the same through the model.

import { GridStack, type GridStackNode } from 'gridstack';

export interface Placed {
  id: string;
  x: number;
  y: number;
  w: number;
  h: number;
}

export interface Listener {
  /** Somebody moved or resized by pointer; all places as they are now. */
  moved(all: Placed[]): void;
  /** Something of the palette was dropped, and all places as they are now. */
  dropped(kind: string, x: number, y: number, all: Placed[]): void;
}

/** Elements that may be dragged onto boards; they carry their kind and size. */
export function draggable(elements: HTMLElement[]): void {
  // setupDragIn would also dispatch dragstart, which browsers under test take for a drag
  // of their own and wait for
  const dd = GridStack.getDD();
  for (const e of elements) {
    if (!dd.isDraggable(e)) dd.dragIn(e, { appendTo: 'body', helper: 'clone' });
  }
}

/** Takes over the places of a board's elements until the returned function is called. */
export function arrange(element: HTMLElement, columns: number, cell: number, margin: number, listener: Listener): () => void {
  const grid = GridStack.init(
    {
      column: columns,
      cellHeight: cell,
      margin,
      mode: 'float',
      animate: false,
      minRow: 12,
      acceptWidgets: '.palette-item',
      resizable: { handles: 'e,se,s,sw,w' },
      draggable: { handle: '.edit-item', cancel: '' },
    },
    element,
  );
  if (!grid) throw new Error('gridstack did not begin');
  const all = (): Placed[] =>
    grid.getGridItems().flatMap((e) => {
      const n: GridStackNode | undefined = e.gridstackNode;
      return n?.id ? [{ id: n.id, x: n.x ?? 0, y: n.y ?? 0, w: n.w ?? 1, h: n.h ?? 1 }] : [];
    });
  let ended = false;
  let dropping = false;
  grid.on('dropped', (_event: Event, _before: GridStackNode | undefined, node: GridStackNode) => {
    const kind = node.el?.dataset['kind'] ?? '';
    const { x = 0, y = 0 } = node;
    dropping = true;
    if (node.el) grid.removeWidget(node.el, true, false);
    dropping = false;
    if (!ended) listener.dropped(kind, x, y, all());
  });
  grid.on('change', () => {
    if (!ended && !dropping) listener.moved(all());
  });
  return () => {
    ended = true;
    grid.destroy(false);
  };
}
