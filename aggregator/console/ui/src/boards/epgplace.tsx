// Where the slots of a page lie on its picture: drawn with a pointer, or written as numbers.

import { useEffect, useMemo, useState } from 'preact/hooks';

import { ApiError } from '../api';
import { lang } from '../prefs';
import * as api from './api';
import { dataOf } from './data';
import { Dialog, Sign } from './dialog';
import { PageFrame, slotsOf } from './epg';
import { textOf } from './list';
import type { Filters, SlotArea, Widget } from './model';
import { bring } from './pictures';
import { t } from './words';

const side = 1000; // places are in thousandths of the picture
const least = 5;

/** What two corners of a rectangle make, within the picture. */
export function rectangle(a: { x: number; y: number }, b: { x: number; y: number }): { x: number; y: number; w: number; h: number } {
  const clamp = (n: number) => Math.round(Math.min(side, Math.max(0, n)));
  const [x1, x2] = [clamp(Math.min(a.x, b.x)), clamp(Math.max(a.x, b.x))];
  const [y1, y2] = [clamp(Math.min(a.y, b.y)), clamp(Math.max(a.y, b.y))];
  const w = Math.max(least, x2 - x1);
  const h = Math.max(least, y2 - y1);
  return { x: Math.min(x1, side - w), y: Math.min(y1, side - h), w, h };
}

const keyOf = (s: { area: string; slot: string }) => JSON.stringify([s.area, s.slot]);

interface PictureFieldProps {
  widget: Widget;
  filters: Filters;
  change: (show: Widget['show']) => void;
}

/** The picture of an EPG widget, in the inspector. */
export function PictureField({ widget, filters, change }: PictureFieldProps) {
  const { picture, slots } = widget.show;
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);
  const [placing, setPlacing] = useState(false);
  const take = async (file: File | undefined) => {
    if (!file) return;
    setBusy(true);
    setProblem('');
    try {
      const { picture: id } = await bring(file, t('pictureUnreadable'));
      change({ ...widget.show, picture: id });
    } catch (cause) {
      setProblem(cause instanceof ApiError && cause.status === 0 ? cause.message : textOf(cause));
    }
    setBusy(false);
  };
  const { picture: _picture, slots: _slots, ...without } = widget.show;
  return (
    <div class="field" data-field="picture">
      <span>{t('pagePicture')}</span>
      <div class="picture-tools">
        <label class="button">
          {busy ? t('loading') : picture ? t('pictureOther') : t('pictureBring')}
          <input
            class="unseen"
            type="file"
            accept="image/png,image/jpeg,image/webp"
            disabled={busy}
            onChange={(e) => {
              const box = e.currentTarget;
              void take(box.files?.[0]).then(() => (box.value = ''));
            }}
          />
        </label>
        {picture && (
          <>
            <button type="button" class="button" data-do="place-slots" onClick={() => setPlacing(true)}>
              {t('placeSlots')}
            </button>
            <button type="button" class="icon-button" aria-label={t('pictureOff')} title={t('pictureOff')} onClick={() => change(without)}>
              <Sign of="bin" />
            </button>
          </>
        )}
      </div>
      <small>{picture ? t('slotsPlaced', { n: slots?.length ?? 0 }) : t('pictureHint')}</small>
      {problem && (
        <p class="widget-problem" role="alert">
          {problem}
        </p>
      )}
      {placing && picture && (
        <PlaceSlots
          widget={widget}
          filters={filters}
          picture={picture}
          onClose={() => setPlacing(false)}
          onKeep={(all) => {
            change({ ...without, picture, ...(all.length > 0 ? { slots: all } : {}) });
            setPlacing(false);
          }}
        />
      )}
    </div>
  );
}

interface PlaceProps {
  widget: Widget;
  filters: Filters;
  picture: string;
  onClose: () => void;
  onKeep: (slots: SlotArea[]) => void;
}

function PlaceSlots({ widget, filters, picture, onClose, onKeep }: PlaceProps) {
  const l = lang.value;
  const [slots, setSlots] = useState<SlotArea[]>(widget.show.slots ?? []);
  const [known, setKnown] = useState<{ area: string; slot: string; name: string }[]>([]);
  const [chosen, setChosen] = useState('');
  const [problem, setProblem] = useState('');
  useEffect(() => {
    const stop = new AbortController();
    api
      .answer({ ...widget, prose: { zh: '', en: '' } }, filters, stop.signal)
      .then((got) => {
        const data = dataOf(widget, got, 'main', l);
        setKnown(data ? slotsOf(data, l).map((b) => ({ area: b.area, slot: b.slot, name: `${b.areaName} ${b.slot}` })) : []);
      })
      .catch((cause: unknown) => !stop.signal.aborted && setProblem(textOf(cause)));
    return () => stop.abort();
  }, []);
  // those that were placed and not clicked since stand in the list as well
  const list = useMemo(() => {
    const seen = new Set(known.map(keyOf));
    return [...known, ...slots.filter((s) => !seen.has(keyOf(s))).map((s) => ({ area: s.area, slot: s.slot, name: `${s.area} ${s.slot}` }))];
  }, [known, slots]);
  const now = list.find((s) => keyOf(s) === chosen) ?? list.find((s) => !slots.some((p) => keyOf(p) === keyOf(s))) ?? list[0];
  const at = now && slots.find((s) => keyOf(s) === keyOf(now));
  const put = (r: { x: number; y: number; w: number; h: number } | null) => {
    if (!now) return;
    const rest = slots.filter((s) => keyOf(s) !== keyOf(now));
    setSlots(r ? [...rest, { area: now.area, slot: now.slot, ...r }] : rest);
  };
  const draw = (e: preact.TargetedPointerEvent<HTMLDivElement>) => {
    if (e.button !== 0 || !now) return;
    e.preventDefault();
    const box = e.currentTarget;
    const frame = box.getBoundingClientRect();
    const point = (p: PointerEvent) => ({ x: (side * (p.clientX - frame.left)) / frame.width, y: (side * (p.clientY - frame.top)) / frame.height });
    const begin = point(e);
    setChosen(keyOf(now));
    box.setPointerCapture(e.pointerId);
    const move = (p: PointerEvent) => put(rectangle(begin, point(p)));
    const end = (p: PointerEvent) => {
      box.removeEventListener('pointermove', move);
      box.removeEventListener('pointerup', end);
      box.removeEventListener('pointercancel', end);
      if (p.type === 'pointercancel') return;
      const next = list[list.findIndex((s) => keyOf(s) === keyOf(now)) + 1];
      const r = rectangle(begin, point(p));
      if (r.w > 2 * least && r.h > 2 * least && next && !slots.some((s) => keyOf(s) === keyOf(next))) setChosen(keyOf(next));
    };
    box.addEventListener('pointermove', move);
    box.addEventListener('pointerup', end);
    box.addEventListener('pointercancel', end);
  };
  return (
    <Dialog title={t('placeSlots')} onClose={onClose} wide>
      <p class="quiet">{list.length > 0 ? t('placeHint') : t('placeNone')}</p>
      {problem && (
        <p class="widget-problem" role="alert">
          {problem}
        </p>
      )}
      <div class="place-slots">
        <ul class="place-list" aria-label={t('slots')}>
          {list.map((s) => {
            const done = slots.some((p) => keyOf(p) === keyOf(s));
            return (
              <li key={keyOf(s)}>
                <button type="button" class="button" aria-pressed={now === s} data-slot={keyOf(s)} onClick={() => setChosen(keyOf(s))}>
                  <span aria-hidden="true">{done ? '✓' : '·'}</span> {s.name} {!done && <span class="unseen">{t('slotOpen')}</span>}
                </button>
              </li>
            );
          })}
        </ul>
        <div class="place-paper">
          <PageFrame picture={picture} onGone={() => setProblem(t('pictureGone'))} onPointerDown={draw}>
            {slots.map((s) => (
              <div key={keyOf(s)} class={`slot-at slot-drawn ${now && keyOf(s) === keyOf(now) ? 'slot-chosen' : ''}`} style={{ left: `${s.x / 10}%`, top: `${s.y / 10}%`, width: `${s.w / 10}%`, height: `${s.h / 10}%` }}>
                <span>
                  {s.area} {s.slot}
                </span>
              </div>
            ))}
          </PageFrame>
          {now && (
            <div class="place-numbers">
              <strong>{now.name}</strong>
              {(['x', 'y', 'w', 'h'] as const).map((k) => (
                <label key={k} class="field">
                  <span>{t(`slot_${k}`)}</span>
                  <input
                    type="number"
                    min={k === 'w' || k === 'h' ? 0.5 : 0}
                    max={100}
                    step={0.1}
                    value={at ? at[k] / 10 : ''}
                    onChange={(e) => {
                      const was = at ?? { x: 0, y: 0, w: 100, h: 100 };
                      const to = { x: was.x, y: was.y, w: was.w, h: was.h, [k]: Math.round(Number(e.currentTarget.value) * 10) };
                      put(rectangle({ x: to.x, y: to.y }, { x: to.x + to.w, y: to.y + to.h }));
                    }}
                  />
                </label>
              ))}
              {at && (
                <button type="button" class="button" onClick={() => put(null)}>
                  {t('slotOff')}
                </button>
              )}
            </div>
          )}
        </div>
      </div>
      <div class="dialog-foot">
        <button type="button" class="button button-main" data-do="keep-slots" onClick={() => onKeep(slots)}>
          {t('keep')}
        </button>
      </div>
    </Dialog>
  );
}
