/** Which cell of its card each pod occupies. A pod keeps its cell while it stays on the node: things must not jump. */

const NONE = -1;

class Card {
  /** pod by slot, -1 where empty */
  cells: number[] = [];
  count = 0;
  /** no hole below it */
  hint = 0;

  put(pod: number): number {
    let slot = this.hint;
    while (slot < this.cells.length && this.cells[slot] !== NONE) slot++;
    this.cells[slot] = pod;
    this.hint = slot + 1;
    this.count++;
    return slot;
  }

  take(slot: number): void {
    this.cells[slot] = NONE;
    this.count--;
    if (slot < this.hint) this.hint = slot;
    while (this.cells.length && this.cells[this.cells.length - 1] === NONE) this.cells.pop();
  }
}

export class Slots {
  private cards: (Card | undefined)[] = [];
  private slotOf: Int32Array = new Int32Array(256).fill(NONE);
  private nodeOf: Int32Array = new Int32Array(256).fill(NONE);

  clear(): void {
    this.cards = [];
    this.slotOf.fill(NONE);
    this.nodeOf.fill(NONE);
  }

  /** Put a pod on a node (-1: nowhere). Returns its slot, or -1. */
  place(pod: number, node: number): number {
    this.room(pod);
    const before = this.nodeOf[pod]!;
    if (before === node) return this.slotOf[pod]!;
    if (before >= 0) this.cards[before]?.take(this.slotOf[pod]!);
    this.nodeOf[pod] = node;
    if (node < 0) {
      this.slotOf[pod] = NONE;
      return NONE;
    }
    let card = this.cards[node];
    if (!card) {
      card = new Card();
      this.cards[node] = card;
    }
    const slot = card.put(pod);
    this.slotOf[pod] = slot;
    return slot;
  }

  slot(pod: number): number {
    return pod < this.slotOf.length ? this.slotOf[pod]! : NONE;
  }

  node(pod: number): number {
    return pod < this.nodeOf.length ? this.nodeOf[pod]! : NONE;
  }

  podAt(node: number, slot: number): number {
    return this.cards[node]?.cells[slot] ?? NONE;
  }

  cells(node: number): readonly number[] {
    return this.cards[node]?.cells ?? [];
  }

  count(node: number): number {
    return this.cards[node]?.count ?? 0;
  }

  /** The most cells any card needs. */
  need(): number {
    let need = 0;
    for (const card of this.cards) if (card && card.cells.length > need) need = card.cells.length;
    return need;
  }

  /** The most pods any card holds, if cells were closed up. */
  mostPods(): number {
    let most = 0;
    for (const card of this.cards) if (card && card.count > most) most = card.count;
    return most;
  }

  /** Close up the holes of every card, keeping order. */
  compact(): void {
    for (const card of this.cards) {
      if (!card) continue;
      card.cells = card.cells.filter(pod => pod !== NONE);
      card.hint = card.cells.length;
      card.cells.forEach((pod, slot) => {
        this.slotOf[pod] = slot;
      });
    }
  }

  private room(pod: number): void {
    if (pod < this.slotOf.length) return;
    const size = Math.max(pod + 1, this.slotOf.length * 2);
    const slots = new Int32Array(size).fill(NONE);
    slots.set(this.slotOf);
    this.slotOf = slots;
    const nodes = new Int32Array(size).fill(NONE);
    nodes.set(this.nodeOf);
    this.nodeOf = nodes;
  }
}
