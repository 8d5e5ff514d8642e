// Runs before the first paint, so that a chosen appearance does not flash.
try {
  const theme = localStorage.getItem('console.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset['theme'] = theme;
} catch {
  // no storage: the system's appearance it is
}
export {};
