// Runs before the first paint, so that a chosen appearance does not flash.
try {
  const theme = localStorage.getItem('console.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset['theme'] = theme;
} catch {
  // no storage: the system's appearance it is
}

// What the page will want first is asked for beside its files, not after they have run:
// api.ts takes it from here, once. A board is what most come for, hence its file as well.
const early: Record<string, Promise<Response | null>> = {};
const ask = (path: string) => {
  early[path] = fetch(path, { credentials: 'same-origin', cache: 'no-store' }).catch(() => null);
};
if (document.currentScript?.dataset['early'] !== undefined) {
  ask('/api/v1/me');
  ask('/api/v1/indicators');
  if (/^#\/(boards|insights)/.test(location.hash)) {
    const link = document.createElement('link');
    link.rel = 'modulepreload';
    link.href = '/analysis.js';
    document.head.append(link);
    const board = /^#\/boards\/([\w-]+)/.exec(location.hash);
    if (board) ask(`/api/v1/boards/${board[1]}`);
  }
}
(globalThis as { early?: typeof early }).early = early;
export {};
