import time
from tests.reach import test_disclosure as t
bad=[]
start=time.time()
for seed in range(1000,1400):
    if time.time()-start>330: break
    try: t.test_an_attacker_who_tries_every_world_pins_nothing(seed)
    except AssertionError as e: bad.append(seed)
print("done to", seed, "bad", bad)
