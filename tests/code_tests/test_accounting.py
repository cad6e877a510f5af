"""The account of a program, from made-up looks at it."""

from rast_bench.code_tests.accounting import Account


def test_time_before_the_first_look_does_not_count() -> None:
    account = Account()
    account.add(5.0, {"1": 3.0}, 0.0)
    account.add(5.5, {"1": 3.0}, 1.0)

    assert (account.cpu, account.idle, account.threads) == (0.5, 0.5, 1)


def test_waiting_for_a_cpu_is_not_idle() -> None:
    account = Account()
    for look in range(5):
        account.add(0.2 * look, {"1": 0.8 * look}, min(1.0, look))

    assert account.idle < 1e-9


def test_many_threads_that_sleep_are_idle() -> None:
    """Each waits a hundredth of the time; all together, half of it."""
    account = Account()
    for look in range(11):
        account.add(0.01 * look, {str(task): 0.01 * look for task in range(50)}, min(1.0, look))

    assert account.idle > 9.7


def test_many_threads_that_compute_save_up_no_idle_time() -> None:
    account = Account()
    account.add(0.0, {"1": 0.0}, 0.0)
    account.add(16.0, {"1": 0.0}, 1.0)
    account.add(16.0, {"1": 0.0}, 5.0)

    assert account.idle == 5.0


def test_a_wait_is_booked_when_it_ends() -> None:
    account = Account()
    account.add(0.0, {"1": 0.0}, 0.0)
    account.add(0.0, {"1": 0.0}, 1.0)
    account.add(0.0, {"1": 2.0}, 1.0)

    assert account.idle == 0.0


def test_program_that_is_gone_changes_nothing() -> None:
    account = Account()
    account.add(1.0, {"1": 0.0}, 0.0)
    account.look(None, 9.0)
    account.look(2**22 + 1, 9.0)  # no process has this number

    assert (account.cpu, account.idle) == (0.0, 0.0)
