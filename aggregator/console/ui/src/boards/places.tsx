// Where the reader has reports and alerts sent.

import { useEffect, useState } from 'preact/hooks';

import { Sign } from './dialog';
import { textOf } from './list';
import * as api from './outapi';
import { o, reason } from './outwords';
import { tell } from './widget';

const blank: api.NewPlace = { kind: 'mail', address: '', secret: '', label: '', reports: true, alerts: true };

/** The reader's places; beside alerts a new one is for alerts, unless they say otherwise. */
export function Places({ onChange, alerts }: { onChange: () => void; alerts?: boolean }) {
  const [list, setList] = useState<api.Place[] | null>(null);
  const [made, setMade] = useState<api.NewPlace>(alerts ? { ...blank, reports: false } : blank);
  const [problem, setProblem] = useState('');
  const load = () =>
    api
      .places()
      .then((got) => setList(got.places))
      .catch((cause: unknown) => setProblem(textOf(cause)));
  useEffect(() => void load(), []);
  const act = async (f: () => Promise<unknown>) => {
    try {
      setProblem('');
      await f();
      await load();
      onChange();
    } catch (cause) {
      setProblem(textOf(cause));
    }
  };
  const set = (p: Partial<api.NewPlace>) => setMade((now) => ({ ...now, ...p }));
  const test = async (id: number) => {
    const got = await api.testPlace(id);
    if (got.sent) tell(o('tested'));
    else setProblem(o('notTested', { why: reason(got.code, got.detail) }));
  };
  return (
    <section class="report-places">
      <h3>{o('places')}</h3>
      <p class="quiet">{o('placesHint')}</p>
      {problem && (
        <p class="widget-problem" role="alert">
          {problem}
        </p>
      )}
      {list?.length === 0 && <p class="quiet">{o('noPlaces')}</p>}
      <ul class="report-list">
        {list?.map((p) => (
          <li key={p.id} data-place={p.id}>
            <span class="report-words">
              <strong>
                {o(`kind_${p.kind}`)} {p.place}
              </strong>
              <span class="quiet">
                {[p.label, p.reports && o('forReports'), p.alerts && o('forAlerts'), p.signed && o('signed')].filter(Boolean).join(' · ')}
              </span>
            </span>
            <button type="button" class="button" onClick={() => void act(() => test(p.id))}>
              {o('test')}
            </button>
            <button type="button" class="icon-button" aria-label={o('removeThis', { name: p.place })} title={o('remove')} onClick={() => void act(() => api.removePlace(p.id))}>
              <Sign of="bin" />
            </button>
          </li>
        ))}
      </ul>
      <form
        class="report-fields"
        onSubmit={(e) => {
          e.preventDefault();
          void act(async () => {
            await api.addPlace(made);
            setMade({ ...made, address: '', secret: '', label: '' });
          });
        }}
      >
        <label class="field">
          <span>{o('kind')}</span>
          <select data-field="kind" value={made.kind} onChange={(e) => set({ kind: e.currentTarget.value as api.PlaceKind })}>
            {api.kinds.map((k) => (
              <option key={k} value={k}>
                {o(`kind_${k}`)}
              </option>
            ))}
          </select>
        </label>
        <label class="field field-wide">
          <span>{o('address')}</span>
          <input data-field="address" required placeholder={o(made.kind === 'mail' ? 'addressMail' : 'addressHook')} value={made.address} onInput={(e) => set({ address: e.currentTarget.value })} />
        </label>
        {['dingtalk', 'feishu', 'json'].includes(made.kind) && (
          <label class="field">
            <span>
              {o('secret')} <small>{o('secretHint')}</small>
            </span>
            <input type="password" autocomplete="off" value={made.secret} onInput={(e) => set({ secret: e.currentTarget.value })} />
          </label>
        )}
        <label class="field">
          <span>{o('label')}</span>
          <input maxLength={30} value={made.label} onInput={(e) => set({ label: e.currentTarget.value })} />
        </label>
        <label class="check">
          <input type="checkbox" checked={made.reports} onChange={(e) => set({ reports: e.currentTarget.checked })} />
          {o('forReports')}
        </label>
        <label class="check">
          <input type="checkbox" checked={made.alerts} onChange={(e) => set({ alerts: e.currentTarget.checked })} />
          {o('forAlerts')}
        </label>
        <button type="submit" class="button" data-do="add-place">
          {o('add')}
        </button>
      </form>
    </section>
  );
}
