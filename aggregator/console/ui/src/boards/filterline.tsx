// The filters of a board where there is little room: said in one line, which opens them.

import { useState } from 'preact/hooks';

import { lang } from '../prefs';
import { emptyAnswer, cellName } from './data';
import { Dialog, Sign } from './dialog';
import { FilterBar, periodText, whereText, type BarProps } from './filters';
import type { Filters, Where } from './model';
import { t } from './words';

export function FilterLine(bar: BarProps) {
  const [open, setOpen] = useState(false);
  const said = filtersText(bar.all);
  const { onSaveView } = bar;
  return (
    <>
      <div class="filter-line">
        <button type="button" class="button filter-line-open" data-do="filters" aria-haspopup="dialog" aria-label={`${t('filters')}: ${said}`} onClick={() => setOpen(true)}>
          <span>{said}</span>
          <Sign of="right" />
        </button>
        {Object.keys(bar.reader).length > 0 && (
          <button type="button" class="button filter-line-reset" data-do="reset" aria-label={t('reset')} title={t('reset')} onClick={() => bar.onChange({})}>
            <Sign of="undo" />
          </button>
        )}
      </div>
      {open && (
        <Dialog title={t('filters')} sheet onClose={() => setOpen(false)}>
          <FilterBar {...bar} onSaveView={onSaveView && (() => { setOpen(false); onSaveView(); })} />
          <div class="dialog-foot">
            <button type="button" class="button button-main" data-do="filters-done" onClick={() => setOpen(false)}>
              {t('done')}
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}

/** What is filtered, in a few words, as of a long line the end is cut: "Last 31 days · Zhejiang · vs previous". */
function filtersText({ period, compare, where }: Filters): string {
  const against = compare?.with ? t('versus', { what: t(`against_${compare.with}`) }) : '';
  return [period ? periodText(period) : t('last31'), ...(where ?? []).map(shortly), against].filter(Boolean).join(' · ');
}

/** Places need no "province =" before them. */
function shortly(w: Where): string {
  if (w.not || (w.dimension !== 'province' && w.dimension !== 'city')) return whereText(w);
  const names = w.in.slice(0, 2).map((c) => cellName(emptyAnswer, w.dimension, c, lang.value));
  return names.join(', ') + (w.in.length > 2 ? ` +${w.in.length - 2}` : '');
}
