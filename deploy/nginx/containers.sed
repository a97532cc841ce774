# What makes of deploy/nginx/ctac.conf the file of a proxy in a container:
#     sed --file deploy/nginx/containers.sed --expression 's/ctac\.example/NAME/' deploy/nginx/ctac.conf
# Every web container has the name `web`; nginx asks for their addresses when it starts and with each reload.
s|server unix:/run/ctac/web.sock fail_timeout=0;|server web:8000 fail_timeout=0;|
# When one has just been stopped, another is asked; nginx never does so with a POST that may have arrived. After 10 s it is too late:
# a page that takes a minute is not asked for twice.
s|proxy_next_upstream off;|proxy_next_upstream error timeout; proxy_next_upstream_timeout 10s;|
s|/var/log/nginx/ctac.log|/dev/stdout|
s|/var/log/nginx/ctac-error.log|/dev/stderr|
