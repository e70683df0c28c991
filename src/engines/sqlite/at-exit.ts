const tasks = new Set<() => void>();

/**
 * Runs `task` when the process, or the worker thread, emits the event `exit`. A signal that the application does not
 * handle ends the process without this event.
 *
 * @returns a function that cancels the task.
 */
export function runAtExit(task: () => void): () => void {
  if (tasks.size === 0) process.on('exit', runTasks);
  tasks.add(task);
  return () => {
    tasks.delete(task);
    if (tasks.size === 0) process.removeListener('exit', runTasks);
  };
}

function runTasks(): void {
  for (const task of tasks) {
    try {
      task();
    } catch {
      // Ignores the error: the process ends, so nobody can receive it, and the other tasks still have to run.
    }
  }
}
