// What was sent and what was not, with the reason.

import { useEffect, useState } from 'preact/hooks';

import * as api from './outapi';
import { o, reason, type OutWord } from './outwords';
import { clock } from './reports';

interface Line {
  key: string;
  due: string;
  title: string;
  person: string;
  way: string;
  state: string;
  why: string;
}

export function Log({ turn }: { turn: number }) {
  const [lines, setLines] = useState<Line[] | null>(null);
  const [problem, setProblem] = useState('');
  useEffect(() => {
    let gone = false;
    const look = () =>
      api
        .sendings()
        .then((got) => !gone && setLines(linesOf(got.sendings, got.missed)))
        .catch((cause: unknown) => !gone && setProblem(String(cause)));
    void look();
    const timer = setInterval(() => void look(), 5_000); // what was just sent settles soon
    return () => {
      gone = true;
      clearInterval(timer);
    };
  }, [turn]);
  return (
    <section class="report-log">
      <h3>{o('log')}</h3>
      {problem && <p role="alert">{problem}</p>}
      {lines?.length === 0 && <p class="quiet">{o('noLog')}</p>}
      {lines && lines.length > 0 && (
        <>
          <p class="quiet">{o('logHint')}</p>
          <div class="table-frame" role="region" aria-label={o('log')} tabIndex={0}>
            <table>
              <thead>
                <tr>
                  {(['due', 'title', 'receiver', 'way', 'state', 'reason'] as const).map((h) => (
                    <th key={h} scope="col">
                      {o(h)}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {lines.map((line) => (
                  <tr key={line.key} data-state={line.state}>
                    <td>{line.due}</td>
                    <th scope="row">{line.title}</th>
                    <td>{line.person}</td>
                    <td>{line.way}</td>
                    <td>{o(`state_${line.state}` as OutWord)}</td>
                    <td>{line.why}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
    </section>
  );
}

function linesOf(sendings: api.Sending[], missed: api.Missed[]): Line[] {
  return [
    ...sendings.map((s) => ({
      key: `s${s.id}`,
      due: clock(s.due),
      title: s.title,
      person: s.person,
      way: s.kind ? `${o(`kind_${s.kind}` as OutWord)} ${s.place}` : '–',
      state: s.state as string,
      why: [s.code && reason(s.code, s.detail), s.attempts > 1 && o('tries', { n: s.attempts }), s.late && o('late')].filter(Boolean).join(' · '),
    })),
    ...missed.map((m) => ({ key: `m${m.report}${m.due}`, due: clock(m.due), title: m.title, person: '–', way: '–', state: 'missed', why: '' })),
  ].sort((a, b) => (a.due < b.due ? 1 : a.due > b.due ? -1 : 0));
}
