"""A batch on several processes, by hand and by DDP, on torch.distributed."""
