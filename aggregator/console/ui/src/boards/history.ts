// What can be undone: states of a board, one after the other. Typing is one step.

const most = 200;
const typingMs = 1_200;

export class History<T> {
  private past: T[] = [];
  private future: T[] = [];
  private key = '';
  private last = -Infinity;

  constructor(private state: T, private readonly now: () => number = () => performance.now()) {}

  get current(): T {
    return this.state;
  }

  get canUndo(): boolean {
    return this.past.length > 0;
  }

  get canRedo(): boolean {
    return this.future.length > 0;
  }

  /** Goes on to a state. Changes of one key shortly after each other are one step; '' never is. */
  go(next: T, key = ''): void {
    const at = this.now();
    const same = key !== '' && key === this.key && at - this.last < typingMs && this.past.length > 0;
    if (!same) {
      this.past.push(this.state);
      if (this.past.length > most) this.past.shift();
    }
    this.state = next;
    this.future = [];
    this.key = key;
    this.last = at;
  }

  undo(): boolean {
    const before = this.past.pop();
    if (before === undefined) return false;
    this.future.push(this.state);
    this.state = before;
    this.key = '';
    return true;
  }

  redo(): boolean {
    const after = this.future.pop();
    if (after === undefined) return false;
    this.past.push(this.state);
    this.state = after;
    this.key = '';
    return true;
  }
}
