/**
 * What of the service's environment its engine processes see. They decode strangers' pictures with native code: what they
 * do not know they cannot lose, so names are let through, not kept out. Pure.
 */

type Environment = Readonly<Record<string, string | undefined>>;

/** `model`: a language model is asked too, so its address and key, and the proxy on the way to it, are needed. */
export type Needs = 'engine' | 'model';

/** Where things lie, how text is read, and what tunes Node, its pool, the allocator, the runtimes and libvips. */
const LET_THROUGH = [
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_\w+|TZ|TMPDIR|TEMP|TMP|XDG_\w+)$/,
  /^(SystemRoot|SystemDrive|windir|USERPROFILE|APPDATA|LOCALAPPDATA|ProgramData|PATHEXT|ComSpec)$/i,
  /^(LOGSAD_HOME|LOGSAD_CACHE|LOGSAD_MODELS|LOGSAD_PROVIDERS)$/,
  /^(NODE_OPTIONS|NODE_ENV|NODE_PATH|NODE_DEBUG|NODE_EXTRA_CA_CERTS|NODE_V8_COVERAGE|UV_THREADPOOL_SIZE)$/,
  /^(LD_LIBRARY_PATH|DYLD_LIBRARY_PATH|CUDA_\w+|NVIDIA_\w+|ORT_\w+|OMP_\w+|OPENBLAS_\w+|MALLOC_\w+|GLIBC_TUNABLES)$/,
  /^(VIPS_\w+|G_\w+|FONTCONFIG_\w+)$/,
] as const;

/** Of the language model, as `logsad propose` reads them. */
const OF_MODELS = [
  /^LOGSAD_LLM_\w+$/,
  /^OPENAI_(API_KEY|BASE_URL|ORG_ID|PROJECT_ID)$/,
  /^(HTTP_PROXY|HTTPS_PROXY|NO_PROXY|ALL_PROXY|NODE_USE_ENV_PROXY)$/i,
] as const;

/** glibc would otherwise keep an arena per thread, and resident memory would climb. */
const OWN = { MALLOC_ARENA_MAX: '2' } as const;

export function environmentFor(own: Environment, needs: Needs): Record<string, string> {
  const allowed = needs === 'model' ? [...LET_THROUGH, ...OF_MODELS] : LET_THROUGH;
  const kept = Object.entries(own).flatMap(([name, value]) =>
    value !== undefined && allowed.some((pattern) => pattern.test(name)) ? [[name, value] as const] : [],
  );
  return { ...Object.fromEntries(kept), ...OWN };
}
