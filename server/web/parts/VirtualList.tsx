/** A list of any length of which only what is seen exists; as long as it is, it can be gone through by keys. */
import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
  type VirtualizerOptions,
} from '@tanstack/virtual-core';
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useReducer, useRef, useState } from 'preact/hooks';

const OVERSCAN = 8;

interface Props {
  readonly count: number;
  /** Pixels of one row. */
  readonly row: number;
  readonly label: string;
  /** Index of the chosen row, kept in sight. */
  readonly chosen: number;
  readonly rowId: (index: number) => string;
  readonly children: (index: number) => ComponentChildren;
  /** Called when the end comes into sight. */
  readonly onEnd: () => void;
}

export function VirtualList({ count, row, label, chosen, rowId, children, onEnd }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const [, again] = useReducer((n: number) => n + 1, 0);
  const options: VirtualizerOptions<HTMLDivElement, HTMLDivElement> = {
    count,
    estimateSize: () => row,
    getScrollElement: () => frame.current,
    observeElementRect,
    observeElementOffset,
    scrollToFn: elementScroll,
    overscan: OVERSCAN,
    onChange: () => again(undefined as never),
  };
  const [list] = useState(() => new Virtualizer(options));
  list.setOptions(options);
  useLayoutEffect(() => list._didMount(), [list]);
  useLayoutEffect(() => list._willUpdate());
  const rows = list.getVirtualItems();
  const last = rows.at(-1)?.index ?? 0;
  useLayoutEffect(() => {
    if (count > 0 && last >= count - OVERSCAN) onEnd();
  }, [last, count]);
  useLayoutEffect(() => {
    if (chosen >= 0) list.scrollToIndex(chosen, { align: 'auto' });
  }, [chosen]);
  return (
    <div
      ref={frame}
      class="list"
      role="listbox"
      aria-label={label}
      tabIndex={0}
      aria-activedescendant={chosen >= 0 ? rowId(chosen) : undefined}
    >
      <div class="list-whole" style={{ height: `${list.getTotalSize()}px` }} role="presentation">
        {rows.map((r) => (
          <div
            key={r.key}
            class="list-row"
            style={{ transform: `translateY(${r.start}px)`, height: `${row}px` }}
            role="presentation"
          >
            {children(r.index)}
          </div>
        ))}
      </div>
    </div>
  );
}
