import gc

from PySide6.QtCore import QTimer

MANY = 400_000


def test_large_object_counts_are_frozen(dressed):
    collector = dressed.findChild(QTimer, "garbage")
    gc.collect()
    rows = [[number] for number in range(MANY)]
    try:
        collector.timeout.emit()
        assert gc.get_freeze_count() > MANY
        assert len(rows) == MANY
    finally:
        gc.unfreeze()


def test_survivors_of_a_long_collection_are_frozen(dressed):
    rows = [[number] for number in range(MANY)]
    collector = dressed.findChild(QTimer, "garbage")
    try:
        for _ in range(gc.get_threshold()[2] + 1):
            gc.collect(1)  # enough of these trigger a full collection
        collector.timeout.emit()
        kept = gc.get_freeze_count()
        assert kept > MANY
        del rows
        assert gc.get_freeze_count() <= kept - MANY  # frozen objects are still freed when unreferenced
    finally:
        gc.unfreeze()
