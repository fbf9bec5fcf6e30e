/** Models: the registry, bundles, inference, training. */
export const MODEL_LIMITS = {
  /** One answer of the registry of models; beyond it the last known champions serve (ms). */
  registry_ms_max: 5_000,
  /** Reading and checking a bundle's files here; beyond it the next best model serves (ms). */
  bundle_load_ms_max: 60_000,
  /** One file of a bundle on its way to or from the bundle store; beyond it the transfer has failed (ms). */
  bundle_transfer_ms_max: 120_000,
  /** Models `models list` and the alias history show; older ones are named one by one (rows). */
  registry_rows_max: 500,
  /** Shadows of a symbol scored at a tick; a further one is refused (models). */
  shadows_max: 6,
  /** Members of an ensemble; more are refused (models). */
  ensemble_members_max: 8,
  /** Former champions tried, newest first, where the champion cannot be loaded at the start (models). */
  former_champions_max: 3,
  /** Largest model file read; a larger one is refused before it is opened (bytes). */
  model_bytes_max: 50 << 20,
  /** Nodes of a model's graph; more are refused (nodes). */
  model_nodes_max: 1_000,
  /** One run of the native session; beyond it the evaluator in TypeScript answers, until the run ends (ms). */
  inference_ms_max: 60,
  /** How long a closing model waits for its session; beyond it the session is left behind (ms). */
  model_close_ms_max: 2_000,
  /** Numbers one intermediate value of a model may hold; more is refused (float32 values). */
  model_value_max: 1 << 22,
  /** Numbers all intermediate values of a model may hold together; more is refused (float values). */
  model_values_max: 1 << 24,
  /** Multiplications one forecast may take, some 30 ms of one core; more is refused (multiplications). */
  model_work_max: 1 << 26,
  /** Nodes of all trees of a model; more are refused (nodes). */
  tree_nodes_max: 2_000_000,
  /** Largest text file of a bundle read; a larger one is refused (bytes). */
  bundle_text_bytes_max: 8 << 20,
  /** Files of a bundle that comes as a zip; more are refused (files). */
  bundle_files_max: 32,
  /** All of its files inflated; more is refused before they are (bytes). */
  bundle_bytes_max: 64 << 20,
  /** The zip itself, and a request that carries it in base64; a larger one is a 413 (bytes). */
  bundle_upload_bytes_max: 88 << 20,
  /** Golden vectors in a bundle; more are refused (vectors). */
  golden_vectors_max: 1_000,
  /** Vectors a model may look back on; a model that needs more is refused (vectors). */
  sequence_length_max: 64,
  /** Rows a training set may have, ten years; one more is refused (rows). Row numbers are 32 bits. */
  dataset_rows_max: 316_224_000,
  /** Rows of a training set in memory, 31 days and a bit; a longer range's are in files, a longer tape's are refused (rows). */
  dataset_rows_held_max: 2_800_000,
  /** Bytes of a training set in memory; a range's that take more are in files (bytes). A week and a bit of 36 columns. */
  dataset_bytes_held_max: 256 << 20,
  /** Test rows the figures of a report are of, the newest ones; scores and gates are of all (rows). Ten days: all of a month's. */
  report_rows_max: 864_000,
  /** How long drift, realised error and new data ask for no other training after their last (s). */
  training_rest_s: 21_600,
  /** Trainings `jobs list` and the API show; older ones are asked for one by one (rows). */
  training_jobs_max: 100,
  /** Times a job is begun before it has failed for good: a worker killed each time (attempts). */
  training_attempts_max: 10,
  /** A running training is begun anew by another worker after so long without a sign of its own (s). */
  training_heartbeat_s: 30,
  /** How often workers look for jobs, for those taken back and for those whose worker died (ms). */
  training_look_ms: 2_000,
  /** How often it is looked whether realised error or new data ask for a training (ms). */
  training_trigger_every_ms: 600_000,
  /** How often the figures of trainings are read for metrics (ms). */
  training_figures_every_ms: 60_000,
  /** A training writes how far it is no more often than this (ms). */
  training_progress_ms: 1_000,
  /** Lines kept of what a training logs, the newest (lines). */
  training_log_lines_max: 200,
  /** Kept of one line of it (characters). */
  training_log_chars_max: 300,
  /** Kept of a line whose end has not come; what is beyond is cut off (characters). */
  training_log_open_chars_max: 16_384,
  /** They are written no more often than this (ms). */
  training_log_every_ms: 2_000,
  /** One writing of them; beyond it they are written with the next lines (ms). */
  training_log_ms_max: 2_000,
  /** How long a training that is ended may take to end by itself; then it is killed (ms). */
  training_end_ms: 3_000,
  /** How long a worker may take to end; what is under way runs again elsewhere (ms). */
  worker_close_ms: 6_000,
  /** How long a service waits for its worker's end; then the worker is killed (ms). */
  worker_end_ms: 1_400,
  /** Wait before a worker that has ended is started again by the service (ms). */
  worker_restart_ms: 30_000,
} as const;
