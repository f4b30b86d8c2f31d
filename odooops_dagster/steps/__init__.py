"""What is done: one file per step, one public function each."""
