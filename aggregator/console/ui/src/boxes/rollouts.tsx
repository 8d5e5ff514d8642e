import { useEffect, useState } from 'preact/hooks';

import { may } from '../live';
import { Panel } from '../parts/panel';
import * as api from './api';
import { Bars } from './bars';
import { Said, useDoing } from '../parts/doing';
import { useEvery } from './doing';
import { ReleasePanel } from './release';
import { StageFields } from './stage';
import { t } from './words';

// counting is dear to the server, and boxes take hours
const lookMs = 15_000;

/** What is published for boxes, and how it goes. */
export function RolloutsPage() {
  const [all, setAll] = useState<api.Updates | null>(null);
  const { said, run } = useDoing();
  const load = async () => setAll(await api.updates());
  useEffect(() => void run(load), []);
  useEvery(lookMs, load);
  const models = [...new Set((all?.running ?? []).map((r) => r.model))].filter((m) => m !== '-').sort();
  return (
    <>
      <p class="quiet">{t('rolloutsHint')}</p>
      <Said said={said} />
      {!all && !said && <p class="quiet">{t('reading')}</p>}
      {all && (
        <>
          {all.releases.length === 0 && <p class="quiet">{t('noReleases')}</p>}
          <div class="box-page">
            <div class="people-grid">
              {all.releases.map((r) => (
                <ReleasePanel key={r.version} of={r} models={models} reload={load} />
              ))}
            </div>
            <div class="box-side">
              <RunningPanel of={all} />
              {may('administer') && <PublishPanel models={models} reload={load} />}
            </div>
          </div>
        </>
      )}
    </>
  );
}

/** Boxes by the agent that they run, of all places together. */
function RunningPanel({ of }: { of: api.Updates }) {
  const sums = new Map<string, { name: string; value: number }>();
  for (const r of of.running) {
    const key = `${r.agent} ${r.version}`;
    const name = `${r.agent} · ${r.version === 0 ? t('ofImage') : t('update', { version: r.version })}`;
    sums.set(key, { name, value: (sums.get(key)?.value ?? 0) + r.boxes });
  }
  const rows = [...sums].map(([key, r]) => ({ key, ...r })).sort((a, b) => b.value - a.value);
  return (
    <Panel id="agents" title={t('running')} label={t('running')} note={t('runningHint')}>
      {rows.length === 0 ? <p class="quiet">{t('noRunning')}</p> : <Bars label={t('running')} rows={rows} />}
      {of.more && <p class="quiet">{t('moreRows')}</p>}
    </Panel>
  );
}

/** Takes a signed update and its program; it is offered to nobody unless a share is given. */
function PublishPanel({ models, reload }: { models: string[]; reload: () => Promise<void> }) {
  const { said, busy, run } = useDoing();
  const [stage, setStage] = useState<api.Stage>({ percent: 0, provinces: [], models: [] });
  const publish = (e: Event) => {
    e.preventDefault();
    const form = e.currentTarget as HTMLFormElement;
    const file = (name: string) => form.querySelector<HTMLInputElement>(`input[name="${name}"]`)?.files?.[0] ?? null;
    void run(async () => {
      const [signed, program] = [file('signed'), file('program')];
      if (!signed || !program) throw new Error(t('chooseBoth'));
      const { version } = await api.publish(signed, program, stage);
      form.reset();
      await reload();
      return t('publishedNow', { version, percent: stage.percent });
    });
  };
  return (
    <Panel id="publish" title={t('publish')} label={t('publish')} note={t('publishHint')}>
      <form class="people-form" onSubmit={publish}>
        <label>
          <span>{t('signed')}</span>
          <input type="file" name="signed" required />
        </label>
        <label>
          <span>{t('program')}</span>
          <input type="file" name="program" required />
        </label>
        <StageFields from={stage} models={models} onChange={setStage} />
        <button type="submit" class="button button-main" data-do="publish" disabled={busy}>
          {busy ? t('uploading') : t('publishYes')}
        </button>
        <Said said={said} />
      </form>
    </Panel>
  );
}
