// A page of the EPG with what was clicked in its slots: over its picture where there is one,
// else, and for slots that nobody placed on it, as boxes below each other.

import { useEffect, useRef, useState } from 'preact/hooks';

import type { Cell } from '../api';
import { stepsOf } from '../parts/tilemap';
import { lang } from '../prefs';
import { cellName, num, written, type Data } from './data';
import type { Chosen } from './draw';
import type { Widget } from './model';
import { pictureOf } from './pictures';
import { t } from './words';

/** A slot with its numbers. */
export interface SlotBox {
  area: string;
  areaName: string;
  slot: string;
  value: number | null;
  /** Of the content that was clicked most. */
  best: Cell[];
  contentName: string;
  contents: number;
}

/** The slots of a page, by area. Counts of a slot's contents add up; of a rate the most clicked content speaks. */
export function slotsOf(data: Data, l: 'zh' | 'en'): SlotBox[] {
  const dim = (id: string) => data.dims.find((d) => d.id === id);
  const [area, slot, content] = [dim('area'), dim('slot'), dim('content')];
  const f = data.figures[0]!;
  const rate = f.unit === 'percent' || f.unit === 'ratio';
  const found = new Map<string, Map<string, Cell[][]>>();
  for (const r of data.rows) {
    const a = String(r[area?.at ?? 0] ?? '');
    const s = String(r[slot?.at ?? 0] ?? '');
    const slots = found.get(a) ?? new Map<string, Cell[][]>();
    slots.set(s, [...(slots.get(s) ?? []), r]);
    found.set(a, slots);
  }
  return [...found].flatMap(([a, slots]) =>
    [...slots]
      .sort(([x], [y]) => Number(x) - Number(y))
      .map(([s, rows]) => {
        const sorted = [...rows].sort((x, y) => (num(y, f.at) ?? 0) - (num(x, f.at) ?? 0));
        const best = sorted[0]!;
        const code = content ? String(best[content.at] ?? '') : '';
        return {
          area: a,
          areaName: cellName(data.answer, 'area', a, l),
          slot: s,
          value: rate ? num(best, f.at) : rows.reduce((n, r) => n + (num(r, f.at) ?? 0), 0),
          best,
          contentName: code === '' ? '' : cellName(data.answer, 'content', code, l),
          contents: rows.length,
        };
      }),
  );
}

interface SlotsProps {
  widget: Widget;
  data: Data;
  pick: (c: Chosen) => void;
}

export function Slots({ widget, data, pick }: SlotsProps) {
  const l = lang.value;
  const f = data.figures[0]!;
  const boxes = slotsOf(data, l);
  const steps = stepsOf(boxes.map((b) => b.value), f.unit === 'percent' || f.unit === 'ratio');
  const step = new Map(boxes.map((b, i) => [b, steps[i] ?? 'none']));
  const { picture, slots } = widget.show;
  const [shown, setShown] = useState(true); // until the picture turns out not to be there
  const placed = new Map((picture && shown ? (slots ?? []) : []).map((s) => [JSON.stringify([s.area, s.slot]), s]));
  const place = (b: SlotBox) => placed.get(JSON.stringify([b.area, b.slot]));
  const rest = boxes.filter((b) => !place(b));
  const box = (b: SlotBox, over: boolean) => (
    <button
      type="button"
      class={`slot step-${step.get(b)} ${over ? 'slot-over' : ''}`}
      title={[`${b.areaName} ${b.slot}`, b.contentName, ...data.figures.map((g) => `${g.title} ${written(num(b.best, g.at), g, l, 'full')}`)].filter(Boolean).join('\n')}
      onClick={() => {
        pick({ dimension: 'area', value: b.area });
        pick({ dimension: 'slot', value: b.slot });
      }}
    >
      <span class="slot-number">{b.slot}</span>
      <span class="slot-value">{written(b.value, f, l)}</span>
      <span class="slot-more">{data.figures.slice(1).map((g) => written(num(b.best, g.at), g, l)).join(' · ')}</span>
      {b.contentName && (
        <span class="slot-content">
          {b.contentName}
          {b.contents > 1 && ` +${b.contents - 1}`}
        </span>
      )}
    </button>
  );
  const areas = [...new Set(rest.map((b) => b.area))];
  return (
    <div class="slots" tabIndex={0} role="region" aria-label={f.title}>
      {picture && !shown && <p class="widget-hint">{t('pictureGone')}</p>}
      {picture && shown && (
        <PageFrame picture={picture} onGone={() => setShown(false)}>
          {boxes.map((b) => {
            const at = place(b);
            if (!at) return null;
            return (
              <div key={`${b.area} ${b.slot}`} class="slot-at" style={{ left: `${at.x / 10}%`, top: `${at.y / 10}%`, width: `${at.w / 10}%`, height: `${at.h / 10}%` }}>
                {box(b, true)}
              </div>
            );
          })}
        </PageFrame>
      )}
      {picture && shown && rest.length > 0 && <p class="slots-rest quiet">{t('notPlaced', { n: rest.length })}</p>}
      {areas.map((a) => (
        <section key={a} class="slots-area">
          <h3>{rest.find((b) => b.area === a)!.areaName}</h3>
          <ul>
            {rest
              .filter((b) => b.area === a)
              .map((b) => (
                <li key={b.slot}>{box(b, false)}</li>
              ))}
          </ul>
        </section>
      ))}
      <p class="slots-legend quiet">{t('slotsLegend', { figures: data.figures.map((g) => g.title).join(' · ') })}</p>
    </div>
  );
}

interface FrameProps {
  picture: string;
  onGone?: () => void;
  children: preact.ComponentChildren;
  onPointerDown?: (e: preact.TargetedPointerEvent<HTMLDivElement>) => void;
}

/** The picture of a page, as large as fits, with something over it. It is painted, not linked: a stranger's ticket goes with the question for it. */
export function PageFrame({ picture, onGone, children, onPointerDown }: FrameProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [size, setSize] = useState<{ w: number; h: number } | null>(null);
  useEffect(() => {
    let here = true;
    pictureOf(picture)
      .then((bitmap) => {
        const c = canvas.current;
        if (!here || !c) return;
        c.width = bitmap.width;
        c.height = bitmap.height;
        c.getContext('2d')?.drawImage(bitmap, 0, 0);
        setSize({ w: bitmap.width, h: bitmap.height });
      })
      .catch(() => here && onGone?.());
    return () => {
      here = false;
    };
  }, [picture]);
  return (
    <div class="page-frame">
      <div class="page-picture" style={size ? { '--pw': String(size.w), '--ph': String(size.h) } : undefined} data-picture={size ? picture : undefined} onPointerDown={onPointerDown}>
        <canvas ref={canvas} aria-hidden="true" />
        {size && children}
      </div>
    </div>
  );
}
