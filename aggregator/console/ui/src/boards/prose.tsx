// The text of a text widget: headings, lists, bold. Never HTML: what is not one of
// these is text.

import type { ComponentChildren } from 'preact';

type Block = { kind: 'h1' | 'h2' | 'h3' | 'p'; text: string } | { kind: 'ul' | 'ol'; items: string[] };

/** Cuts a text into its blocks. */
export function blocks(text: string): Block[] {
  const out: Block[] = [];
  let open = false; // a paragraph or list that goes on
  for (const line of text.split(/\r?\n/)) {
    const heading = /^(#{1,3})\s+(.*)$/.exec(line);
    const item = /^\s*(?:([-*])|\d+[.)])\s+(.*)$/.exec(line);
    const last = out.at(-1);
    if (!line.trim()) {
      open = false;
    } else if (heading) {
      out.push({ kind: `h${heading[1]!.length}` as 'h1', text: heading[2]! });
      open = false;
    } else if (item) {
      const kind = item[1] ? 'ul' : 'ol';
      if (open && last && 'items' in last && last.kind === kind) last.items.push(item[2]!);
      else out.push({ kind, items: [item[2]!] });
      open = true;
    } else if (open && last && 'text' in last && last.kind === 'p') {
      last.text += `\n${line}`;
    } else {
      out.push({ kind: 'p', text: line });
      open = true;
    }
  }
  return out;
}

function Inline({ text }: { text: string }) {
  const parts: ComponentChildren[] = text.split(/\*\*(.+?)\*\*/).map((part, i) => (i % 2 === 1 ? <strong key={i}>{part}</strong> : part));
  return <>{parts}</>;
}

export function Prose({ text }: { text: string }) {
  return (
    <div class="prose" tabIndex={0}>
      {blocks(text).map((b, i) => {
        if ('items' in b) {
          const items = b.items.map((item, n) => (
            <li key={n}>
              <Inline text={item} />
            </li>
          ));
          return b.kind === 'ul' ? <ul key={i}>{items}</ul> : <ol key={i}>{items}</ol>;
        }
        // the page has one h1, and a widget's title is an h2
        if (b.kind === 'h1') return <h3 key={i} class="prose-1"><Inline text={b.text} /></h3>;
        if (b.kind === 'h2') return <h4 key={i} class="prose-2"><Inline text={b.text} /></h4>;
        if (b.kind === 'h3') return <h5 key={i} class="prose-3"><Inline text={b.text} /></h5>;
        return <p key={i}><Inline text={b.text} /></p>;
      })}
    </div>
  );
}
