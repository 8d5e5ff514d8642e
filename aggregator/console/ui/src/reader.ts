// The page of share links and of embedded boards. All of it lies in analysis.js; the
// variable keeps the bundler from taking that in.
const lib: string = './analysis.js';
void import(lib).then((analysis: { startReader: () => void }) => analysis.startReader());
