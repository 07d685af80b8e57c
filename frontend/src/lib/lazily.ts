import { type ComponentType, lazy } from "react";

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a component of any properties
type Named<N extends string> = Record<N, ComponentType<any>>;

/** Returns a component whose module is loaded when the component is first shown. */
export const lazily = <N extends string, M extends Named<N>>(load: () => Promise<M>, name: N) =>
  lazy<M[N]>(async () => ({ default: (await load())[name] }));
