"""What runs inside the sandbox: standard library only, loaded by ``worker.BOOT`` without the rest of rubricate."""
