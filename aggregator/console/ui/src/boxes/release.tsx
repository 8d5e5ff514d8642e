import { useState } from 'preact/hooks';

import { exact } from '../format';
import { may } from '../live';
import { Panel } from '../parts/panel';
import { lang } from '../prefs';
import { placeName } from '../regions';
import * as api from './api';
import { ProgressBars, steps } from './bars';
import { clock } from '../calendar';
import { Said, useDoing } from '../parts/doing';
import { State, Sure } from './doing';
import { StageFields } from './stage';
import { t } from './words';

const kinds = { prepared: 'plain', running: 'run', halted: 'bad', finished: 'good' } as const;

interface Props {
  of: api.Release;
  models: string[];
  reload: () => Promise<void>;
}

/** A version: for whom it is, how boxes stand with it, and what can be done about it. */
export function ReleasePanel({ of, models, reload }: Props) {
  const id = `release-${of.version}`;
  const title = `${t('version', { version: of.version })} · ${of.agent}`;
  const { said, busy, run } = useDoing();
  const act = (doing: () => Promise<unknown>, said: string) =>
    void run(async () => {
      await doing();
      await reload();
      return said;
    });
  const v = { version: of.version };
  return (
    <Panel id={id} title={title} label={title} note={`${t('published', { time: clock(of.published) })} · ${t('moved', { time: clock(of.moved) })}`}>
      <div data-release={of.version} data-state={of.state}>
        <p>
          <State kind={kinds[of.state]}>{t(`state_${of.state}`)}</State>
        </p>
        {of.halted && (
          <p class="box-why">
            {t('haltedBy', { who: of.by === '(itself)' ? t('byItself') : of.by || t('byMachine') })}
            {of.why && (lang.value === 'zh' ? '：' : ': ') + of.why}
          </p>
        )}
        <Facts of={of} />
        {of.counted ? <Progress of={of} /> : <p class="quiet">{t('notCounted')}</p>}
        {may('administer') && (
          <div class="box-acts">
            {of.halted ? (
              <Sure name="resume" text={t('resume')} question={t('resumeSure', { ...v, n: of.sum.rolled_back })} yes={t('resumeYes')} disabled={busy} onYes={() => act(() => api.resume(of.version), t('resumed', v))} />
            ) : (
              <Sure name="halt" text={t('halt')} question={t('haltSure', v)} yes={t('haltYes')} why={t('haltHint')} disabled={busy} onYes={(why) => act(() => api.halt(of.version, why), t('halted', v))} />
            )}
            <StageForm of={of} models={models} onSave={(s) => act(() => api.stage(of.version, s), t('staged', { ...v, percent: s.percent }))} />
          </div>
        )}
        <Said said={said} />
      </div>
    </Panel>
  );
}

function Facts({ of }: { of: api.Release }) {
  const facts: [string, string][] = [
    [t('share'), `${exact(of.percent, lang.value, 1)}%`],
    [t('provinces'), of.provinces.length === 0 ? t('allProvinces') : of.provinces.map((p) => placeName(p)).join(' ')],
    [t('models'), of.models.length === 0 ? t('allModels') : of.models.join(' ')],
    [t('builds'), of.builds.join(' ')],
  ];
  return (
    <dl class="data-facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Progress({ of }: { of: api.Release }) {
  // the same reason of several places is one
  const whys = new Map<string, number>();
  for (const r of of.rows) for (const w of r.whys) whys.set(w.why, (whys.get(w.why) ?? 0) + w.boxes);
  const rows = of.rows.filter((r) => steps.some((s) => r[s] > 0));
  const worst = [...whys].sort((a, b) => b[1] - a[1]).slice(0, 8);
  return (
    <>
      <ProgressBars of={of.sum} />
      {worst.length > 0 && (
        <>
          <h3>{t('why')}</h3>
          <ul class="box-whys">
            {worst.map(([why, n]) => (
              <li key={why}>
                <strong>{exact(n, lang.value)}</strong> {why}
              </li>
            ))}
          </ul>
        </>
      )}
      {rows.length > 0 && (
        <details>
          <summary>{t('byPlace')}</summary>
          <div class="table-frame" role="region" aria-label={t('byPlace')} tabIndex={0}>
            <table>
              <thead>
                <tr>
                  <th scope="col">{t('province')}</th>
                  <th scope="col">{t('model')}</th>
                  {steps.map((s) => (
                    <th key={s} scope="col" class="num">
                      {t(s)}
                    </th>
                  ))}
                  <th scope="col" class="num">
                    {t('toldNothing')}
                  </th>
                </tr>
              </thead>
              <tbody>
                {rows.map((r) => (
                  <tr key={`${r.province} ${r.model}`} data-place={r.province}>
                    <th scope="row">{placeName(r.province)}</th>
                    <td>{r.model === '-' ? t('modelUnknown') : r.model}</td>
                    {steps.map((s) => (
                      <td key={s} class="num">
                        {exact(r[s], lang.value)}
                      </td>
                    ))}
                    <td class="num">{exact(r.others, lang.value)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </details>
      )}
    </>
  );
}

function StageForm({ of, models, onSave }: { of: api.Release; models: string[]; onSave: (s: api.Stage) => void }) {
  const [open, setOpen] = useState(false);
  const [stage, setStage] = useState<api.Stage>(of);
  if (!open) {
    return (
      <button
        type="button"
        class={of.state === 'prepared' ? 'button button-main' : 'button'}
        data-do="stage"
        onClick={() => {
          setStage({ percent: of.percent, provinces: of.provinces, models: of.models });
          setOpen(true);
        }}
      >
        {of.state === 'prepared' ? t('start') : t('stage')}
      </button>
    );
  }
  return (
    <form
      class="people-form sure"
      aria-label={t('stage')}
      onSubmit={(e) => {
        e.preventDefault();
        setOpen(false);
        onSave(stage);
      }}
    >
      <StageFields from={stage} models={models} onChange={setStage} />
      <div class="people-acts">
        <button type="submit" class="button button-main" data-do="stage-save">
          {t('save')}
        </button>
        <button type="button" class="button" onClick={() => setOpen(false)}>
          {t('cancel')}
        </button>
      </div>
    </form>
  );
}
