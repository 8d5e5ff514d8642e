// How a figure came about: its formula, and for a single figure every number behind it.

import { useEffect, useState } from 'preact/hooks';

import { ApiError, isAbort, type Query } from '../api';
import { exact } from '../format';
import { lang } from '../prefs';
import { indicator, placeName } from '../regions';
import * as api from './api';
import { dimensionTitle, titleOf, written } from './data';
import { Dialog } from './dialog';
import { indicatorsOf, say, type Widget, type WidgetAnswer } from './model';
import { t } from './words';

export function ExplainDialog({ widget, got, title, onClose }: { widget: Widget; got: WidgetAnswer | null; title: string; onClose: () => void }) {
  const l = lang.value;
  const ids = [...new Set((widget.ask.figures ?? []).flatMap(indicatorsOf))];
  const request = got?.parts.find((p) => p.part === 'main')?.request;
  const single = widget.kind === 'figure' || widget.kind === 'ticker';
  return (
    <Dialog title={t('explainTitle', { title })} onClose={onClose} wide>
      <div class="explain">
        {request && (
          <p class="quiet">
            {request.from === request.to ? request.from : `${request.from} – ${request.to}`}
            {(request.filters ?? []).map((f) => ` · ${dimensionTitle(f.dimension, l)}${f.not ? ' ≠ ' : ' = '}${f.in.map((c) => placeOr(f.dimension, c)).join(', ')}`)}
          </p>
        )}
        {(widget.ask.figures ?? []).filter((f) => f.formula).map((f) => (
          <p key={f.formula}>
            <strong>{titleOf(f, l)}</strong> = <code>{f.formula}</code>
          </p>
        ))}
        {ids.map((id) => (
          <section key={id} class="explain-one">
            <h3>
              {indicator(id).title} <code>{id}</code>
            </h3>
            <p>{indicator(id).formula}</p>
            {single && request && <Numbers id={id} request={request} />}
          </section>
        ))}
      </div>
    </Dialog>
  );
}

function placeOr(dimension: string, code: string): string {
  return dimension === 'province' || dimension === 'city' ? placeName(code) : code;
}

function Numbers({ id, request }: { id: string; request: Query }) {
  const [state, setState] = useState<{ got: api.Explanation | null; problem: ApiError | null }>({ got: null, problem: null });
  useEffect(() => {
    const stop = new AbortController();
    const { from, to, filters, compare, align } = request;
    const q: Query = { indicators: [id], from, to, grain: 'total' };
    if (filters) q.filters = filters;
    if (compare) q.compare = compare;
    if (align) q.align = align;
    api
      .explain(q, stop.signal)
      .then((got) => setState({ got, problem: null }))
      .catch((cause: unknown) => {
        if (isAbort(cause)) return;
        setState({ got: null, problem: cause instanceof ApiError ? cause : new ApiError(0, 'unreadable', String(cause)) });
      });
    return () => stop.abort();
  }, [id, request]);
  const l = lang.value;
  if (state.problem) return <p class="widget-problem">{state.problem.message}</p>;
  const e = state.got;
  if (!e) return <p class="quiet">{t('loading')}</p>;
  const roles = { value: t('roleValue'), over: t('roleOver'), beside: t('roleBeside') };
  return (
    <div class="table-frame explain-numbers" tabIndex={0} role="region" aria-label={t('numbersBehind')}>
      <table>
        <caption class="unseen">{t('numbersBehind')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('number')}</th>
            <th scope="col">{t('role')}</th>
            <th scope="col">{t('days')}</th>
            <th scope="col" class="numeric">
              {t('value')}
            </th>
            {e.before !== null && (
              <th scope="col" class="numeric">
                {t('before')}
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {(e.numbers ?? []).map((n, i) => (
            <tr key={i}>
              <th scope="row">
                {say(n.title, l)}
                {n.fact && (
                  <span class="quiet">
                    {' '}
                    {n.fact}.{n.measure ?? ''} {n.counted ? `(${t('distinct', { what: n.counted })})` : ''}
                  </span>
                )}
              </th>
              <td>
                {n.minus ? '− ' : ''}
                {roles[n.role]}
              </td>
              <td>{n.from === n.to ? n.from : `${n.from} – ${n.to}`}</td>
              <td class="numeric">{exact(n.number, l)}</td>
              {e.before !== null && <td class="numeric">{n.before === undefined ? '–' : exact(n.before, l)}</td>}
            </tr>
          ))}
          {(e.strata ?? []).slice(0, 100).map((s) => (
            <tr key={`${s.province}${s.city}`}>
              <th scope="row">
                {placeName(s.province)} {s.city && placeName(s.city)}
              </th>
              <td>{s.left_out ? t('leftOut') : ''}</td>
              <td>
                {exact(s.reporting, l)} / {exact(s.accounts, l)}
              </td>
              <td class="numeric">{s.sum === null ? '–' : exact(s.sum, l, 2)}</td>
              {e.before !== null && <td />}
            </tr>
          ))}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">{say(e.title, l)}</th>
            <td>{(e.times ?? 1) !== 1 || (e.by ?? 1) !== 1 ? `× ${e.times ?? 1}${e.by && e.by !== 1 ? ` ÷ ${e.by}` : ''}` : ''}</td>
            <td />
            <td class="numeric">{written(e.figure, e, l, 'full')}</td>
            {e.before !== null && <td class="numeric">{written(e.before, e, l, 'full')}</td>}
          </tr>
        </tfoot>
      </table>
    </div>
  );
}
