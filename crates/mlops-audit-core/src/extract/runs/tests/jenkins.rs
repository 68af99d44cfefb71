use expect_test::expect;

use super::show;

#[test]
fn stages_functions_and_library_steps() {
    let text = r#"
=== ci/Jenkinsfile
def build() {
    sh 'docker build -t app .'
}
pipeline {
    agent any
    triggers { cron('H 2 * * *') }
    stages {
        stage('Test') {
            steps {
                sh 'pytest -q'
                dir('src') { sh 'python train.py || true' }
            }
        }
        stage('Ship') {
            when { expression { params.SHIP } }
            steps {
                script {
                    build()
                    docker.build("app:1")
                    image.push('latest')
                    runTraining('x')
                }
            }
        }
    }
    post { failure { mail to: 'a@b', subject: 'x' } }
}
=== vars/runTraining.groovy
def call(name) {
    sh "python src/train.py"
}
=== src/train.py
print(1)
=== Dockerfile
FROM python
RUN pip install x
"#;
    expect![[r#"
        Jenkins ci/Jenkinsfile:8 ci/Jenkinsfile <- [schedule 'H 2 * * *'@6]
          ci/Jenkinsfile:10 pytest -q [Test]
          ci/Jenkinsfile:11 python train.py -> src/train.py in src [Test] SWALLOWED
          ci/Jenkinsfile:11 true in src [Test]
          ci/Jenkinsfile:2 docker build -t app . [Ship] CONDITIONAL
          Dockerfile:2 pip install x [build] CONDITIONAL via ["docker build -t app ."]
          ci/Jenkinsfile:19 docker build -t app:1 . [Ship] CONDITIONAL
          ci/Jenkinsfile:20 docker push latest [Ship] CONDITIONAL
          vars/runTraining.groovy:2 python src/train.py -> src/train.py [Ship] CONDITIONAL via ["runTraining"]
          ci/Jenkinsfile:26 mail action(arguments=to: 'a@b', subject: 'x') [post failure] SWALLOWED CONDITIONAL

        Image Dockerfile:1 Dockerfile <- []
          Dockerfile:2 pip install x [build]

    "#]].assert_eq(&show(text));
}
