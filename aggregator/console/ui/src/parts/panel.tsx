import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

import { t } from '../i18n';
import { Segmented } from './segmented';

interface PanelProps {
  id: string;
  title: ComponentChildren;
  /** For people who cannot see which panel a control belongs to. */
  label: string;
  note?: ComponentChildren;
  children: ComponentChildren;
  /** The same figures as a table; then the reader may switch. */
  table?: () => ComponentChildren;
}

/** A framed part of the page with a heading, and a switch between picture and table. */
export function Panel({ id, title, label, note, children, table }: PanelProps) {
  const [asTable, setAsTable] = useState(false);
  return (
    <section class={`panel panel-${id}`} aria-labelledby={`${id}-title`}>
      <header class="panel-head">
        <div class="panel-words">
          <h2 id={`${id}-title`}>{title}</h2>
          {note && <p class="panel-note">{note}</p>}
        </div>
        {table && (
          <Segmented
            label={t('viewAs', { panel: label })}
            value={asTable ? 'table' : 'chart'}
            options={[
              { value: 'chart', text: t('showChart') },
              { value: 'table', text: t('showTable') },
            ]}
            onChoose={(v) => setAsTable(v === 'table')}
          />
        )}
      </header>
      <div class="panel-body">{asTable && table ? table() : children}</div>
    </section>
  );
}
