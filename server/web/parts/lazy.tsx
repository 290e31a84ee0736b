/** Pages that few need come when they are opened. */
import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { FaultBox, Waiting } from './basics.tsx';

export function lazy<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  let Known: ComponentType<P> | null = null;
  return function Lazy(props: P) {
    const [Page, setPage] = useState<ComponentType<P> | null>(() => Known);
    const [fault, setFault] = useState<unknown>(null);
    useEffect(() => {
      if (Page) return;
      load().then((p) => {
        Known = p;
        setPage(() => p);
      }, setFault);
    }, []);
    if (Page) return <Page {...props} />;
    // A page that went away with an update: loading anew finds the new ones.
    return fault ? <FaultBox fault={fault} retry={() => location.reload()} /> : <Waiting />;
  };
}
