/** Events ordered by time, and among equals by the order in which they were put in: a binary heap. */

export interface QueuedEvent {
  readonly atMs: number;
  readonly sequence: number;
  /** `undefined` once cancelled. */
  callback: (() => void) | undefined;
}

function before(left: QueuedEvent, right: QueuedEvent): boolean {
  return left.atMs < right.atMs || (left.atMs === right.atMs && left.sequence < right.sequence);
}

export class EventQueue {
  readonly #heap: QueuedEvent[] = [];
  #sequence = 0;

  get size(): number {
    return this.#heap.length;
  }

  /** The earliest event, cancelled ones included; `undefined` where there is none. */
  peek(): QueuedEvent | undefined {
    return this.#heap[0];
  }

  push(atMs: number, callback: () => void): QueuedEvent {
    const event: QueuedEvent = { atMs, sequence: this.#sequence, callback };
    this.#sequence += 1;
    const heap = this.#heap;
    let index = heap.push(event) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!before(event, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = event;
    return event;
  }

  pop(): QueuedEvent | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = index * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child += 1;
      if (!before(heap[child]!, last)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}
