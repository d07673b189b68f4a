"""What servers of models say while they start and nothing is wrong: all their options, and the files that speak.

Made up, with the names that such servers give to their options and files; no log was copied.
"""

_FILES = """
api_server.py launcher.py core.py core_client.py gpu_model_runner.py gpu_worker.py parallel_state.py config.py
async_llm.py multiproc_executor.py shm_broadcast.py registry.py serving_chat.py serving_completion.py
serving_models.py weight_utils.py default_loader.py kv_cache_utils.py backends.py cuda.py loggers.py
compilation.py topk_topp_sampler.py monitor.py utils.py model.py scheduler.py arg_utils.py
"""
_OPTIONS = """
model tokenizer tokenizer_mode trust_remote_code load_format dtype kv_cache_dtype quantization max_model_len
context_length tensor_parallel_size pipeline_parallel_size data_parallel_size decode_context_parallel_size
disable_custom_all_reduce enforce_eager gpu_memory_utilization mem_fraction_static max_num_batched_tokens
max_num_seqs max_running_requests max_total_tokens chunked_prefill_size enable_chunked_prefill
enable_prefix_caching attention_backend prefill_attention_backend decode_attention_backend sampling_backend
grammar_backend guided_decoding_backend reasoning_parser tool_call_parser speculative_config
speculative_algorithm num_speculative_tokens speculative_num_steps speculative_eagle_topk
speculative_num_draft_tokens speculative_token_map speculative_attention_mode speculative_draft_model_path
cudagraph_mode cudagraph_capture_sizes cuda_graph_max_bs disable_cuda_graph disable_radix_cache
disable_overlap_schedule enable_dp_attention enable_two_batch_overlap moe_runner_backend moe_a2a_backend
ep_num_redundant_experts hicache_storage_backend hicache_write_policy lora_paths max_loras_per_batch
lora_target_modules disaggregation_mode disaggregation_transfer_backend kv_transfer_config mamba_ssm_dtype
mamba_cache_dtype limit_mm_per_prompt mm_processor_kwargs hf_overrides revision seed served_model_name
chat_template logits_processors distributed_executor_backend nccl_port dist_init_addr watchdog_timeout
collective_timeout enable_nan_detection abort_on_error fail_fast error_log_level
"""
_SAID = (
    "Supported tasks: ['generate']",
    "Route: /v1/chat/completions, Methods: POST",
    "Available routes are:",
    "world_size=4 rank=0 local_rank=0 distributed_init_method=tcp://10.0.0.4:35471 backend=nccl",
    "rank 0 in world size 4 is assigned as DP rank 0, PP rank 0, TP rank 0, EP rank 0",
    "Loading weights took 18.43 seconds",
    "Model loading took 14.9895 GiB and 21.318113 seconds",
    "Using FlashAttention version 3",
    "GPU KV cache size: 412,336 tokens",
    "Maximum concurrency for 32,768 tokens per request: 12.58x",
    "torch.compile takes 31.06 s in total",
    "Graph capturing finished in 22 secs, took 0.94 GiB",
    "Custom allreduce is disabled because your platform lacks GPU P2P capability or P2P test failed.",
    "CUDAGraphMode.FULL_AND_PIECEWISE is used, the cascade attention is off",
    "Default sampling parameters from model: {'temperature': 0.6, 'top_k': 20, 'top_p': 0.95}",
    "Engine 000: Avg prompt throughput: 612.4 tokens/s, Running: 3 reqs, GPU KV cache usage: 2.1%",
)
_BATCHES = (
    "Prefill batch, #new-seq: 1, #new-token: 1024, #cached-token: 0, token usage: 0.03, #running-req: 2",
    "Decode batch, #running-req: 3, #token: 4187, token usage: 0.04, gen throughput (token/s): 187.31, #queue-req: 0",
)


def starting(count: int) -> bytes:
    """What `count` servers say, one after the other; no two the same, none wrong."""
    return b"".join(f"{line}\n".encode() for number in range(count) for line in _start(number))


def _start(number: int) -> list[str]:
    files, options = _FILES.split(), _OPTIONS.split()
    flags = " ".join(f"--{name.replace('_', '-')} {number + len(name)}" for name in options[number % 7 :: 7])
    values = ", ".join(f"{name}={(number * len(name)) % 97}" for name in options)
    quoted = ", ".join(f"'{name}': None" for name in options[number % 3 :: 3])
    said = [
        f"Starting with args: {flags}",
        f"non-default args: {{{quoted}}}",
        f"Initializing an engine with config: {values}",
        *_SAID,
    ]
    lines = [
        f"(EngineCore_DP0 pid={4000 + number}) INFO 09-{1 + at % 28:02} 10:{number % 60:02}:{at % 60:02}"
        f" [{files[(number + at) % len(files)]}:{100 + 7 * at}] {text}"
        for at, text in enumerate(said * 2)
    ]
    dumped = f"[2026-09-01 10:{number % 60:02}:00] server_args=ServerArgs({values})"
    batches = [f"[2026-09-01 10:{number % 60:02}:{at:02} TP0] {_BATCHES[at % 2]}" for at in range(20)]
    return [*lines, dumped, *batches]
