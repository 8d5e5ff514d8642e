// Runs before the first paint, so that a chosen appearance does not flash.
try {
  const theme = localStorage.getItem('console.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset['theme'] = theme;
} catch {
  // no storage: the system's appearance it is
}

// A board is what most come for: its file is asked for beside the page's own, not after
// they have run.
if (/^#\/(boards|insights)/.test(location.hash)) {
  const link = document.createElement('link');
  link.rel = 'modulepreload';
  link.href = '/analysis.js';
  document.head.append(link);
}
export {};
