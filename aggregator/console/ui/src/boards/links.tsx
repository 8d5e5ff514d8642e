import { useEffect, useState } from 'preact/hooks';

import { at as momentAt } from '../calendar';
import { me, names } from '../live';
import { placeName } from '../regions';
import * as api from './api';
import { t } from './doorwords';
import { periodText, whereText } from './filters';
import { textOf } from './list';
import type { BoardInfo, Filters } from './model';

const clock = (time: string) => {
  const m = momentAt(Date.parse(time));
  return `${m.day} ${m.clock.slice(0, 5)}`;
};

/** Links that open a board to whoever has them: made, copied, revoked. */
export function LinksPanel({ board, filters }: { board: BoardInfo; filters: Filters }) {
  const [list, setList] = useState<api.Links | null>(null);
  const [problem, setProblem] = useState('');
  const run = (doing: () => Promise<unknown>) => {
    setProblem('');
    doing()
      .then(() => api.links(board.id).then(setList))
      .catch((cause: unknown) => setProblem(textOf(cause)));
  };
  useEffect(() => run(async () => undefined), [board.id]);
  return (
    <section class="links" aria-label={t('links')}>
      <h3>{t('links')}</h3>
      <p class="quiet">{t(list?.forbidden ? 'linksForbidden' : 'linksHint')}</p>
      {problem && (
        <p class="widget-problem" role="alert">
          {problem}
        </p>
      )}
      {list && !list.forbidden && <Make board={board} filters={filters} rules={list} run={run} />}
      {list && list.links.length === 0 && !list.forbidden && <p class="quiet">{t('noLinks')}</p>}
      <ul>
        {list?.links.map((l) => <One key={l.id} l={l} run={run} />)}
      </ul>
    </section>
  );
}

/** One link with how it stands. */
export function One({ l, run }: { l: api.ShareLink; run: (doing: () => Promise<unknown>) => void }) {
  const [copied, setCopied] = useState(false);
  const over = l.revoked ? 'revoked' : Date.parse(l.expires) < Date.now() ? 'ended' : '';
  const address = location.origin + l.path;
  const about = [
    over ? t(over) : t('until', { when: clock(l.expires) }),
    ...(l.password ? [t('withPassword')] : []),
    t('uses', { n: l.uses }),
    ...(l.used ? [t('lastUsed', { when: clock(l.used) })] : []),
    t('byWhom', { name: l.maker }),
    ...(l.filters.period ? [periodText(l.filters.period)] : []),
    ...(l.filters.where ?? []).map(whereText),
  ];
  return (
    <li class="link-row" data-link={l.id} data-state={over || 'good'}>
      {l.name && <strong>{l.name}</strong>}
      {!over && <code data-address={address}>{address}</code>}
      <span class="quiet">{about.join(' · ')}</span>
      {!over && l.opens.length === 0 && <span class="warn">{t('opensNothing')}</span>}
      {!over && (
        <span class="link-acts">
          <button type="button" class="button" onClick={() => void navigator.clipboard.writeText(address).then(() => setCopied(true))}>
            {t(copied ? 'copied' : 'copyLink')}
          </button>
          <button
            type="button"
            class="button"
            data-do="revoke-link"
            onClick={() => {
              if (confirm(t('revokeSure'))) run(() => api.revokeLink(l.id));
            }}
          >
            {t('revoke')}
          </button>
        </span>
      )}
    </li>
  );
}

interface MakeProps {
  board: BoardInfo;
  filters: Filters;
  rules: api.Links;
  run: (doing: () => Promise<unknown>) => void;
}

function Make({ board, filters, rules, run }: MakeProps) {
  const [codes, setCodes] = useState<string[]>([]);
  const [days, setDays] = useState(Math.min(7, rules.max_days));
  const holds = me.value?.holds ?? [];
  const open = holds.some((h) => h.all) ? (names.value?.regions ?? []).filter((r) => r.code.length === 2).map((r) => r.code) : [...new Set(holds.flatMap((h) => h.provinces))].sort();
  const lives = [...new Set([1, 7, 30, 90, 365].filter((n) => n <= rules.max_days).concat(rules.max_days))].sort((a, b) => a - b);
  return (
    <form
      class="link-make"
      onSubmit={(e) => {
        e.preventDefault();
        const form = new FormData(e.currentTarget);
        const text = (name: string) => String(form.get(name) ?? '').trim();
        run(() => api.newLink(board.id, { name: text('name'), filters, provinces: codes, password: text('password'), days }));
        e.currentTarget.reset();
        setCodes([]);
      }}
    >
      <label class="field">
        <span>{t('linkName')}</span>
        <input name="name" maxLength={60} autocomplete="off" />
      </label>
      <label class="field">
        <span>{t('days')}</span>
        <select value={days} onChange={(e) => setDays(Number(e.currentTarget.value))}>
          {lives.map((n) => (
            <option key={n} value={n}>
              {n}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>{t(rules.password ? 'linkPasswordMust' : 'linkPassword')}</span>
        <input name="password" type="password" autocomplete="new-password" minLength={6} maxLength={200} required={rules.password} />
      </label>
      {open.length > 1 && (
        <details>
          <summary>{t('linkProvinces')}</summary>
          <div class="provinces">
            {open.map((c) => (
              <label key={c} class="check">
                <input type="checkbox" data-province={c} checked={codes.includes(c)} onChange={(e) => setCodes(e.currentTarget.checked ? [...codes, c] : codes.filter((o) => o !== c))} /> {placeName(c)}
              </label>
            ))}
          </div>
        </details>
      )}
      <button type="submit" class="button button-main" data-do="make-link">
        {t('makeLink')}
      </button>
    </form>
  );
}
